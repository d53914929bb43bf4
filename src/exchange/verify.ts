/** Is this token good? The same answer that a gateway with the resource's keys and feed comes to, with a call or without. */
import { audienceOf } from './audience.ts';
import { type Good, judgeToken } from './judge.ts';
import { mintFor } from './mint-for.ts';
import { refusal } from './refusals.ts';
import type { EngineSettings } from './settings.ts';
import { tokenTime } from './token-time.ts';
import type { IntrospectOutcome, Refusal, VerifyOutcome, VerifyRequest } from './types.ts';

type Settings = Pick<
  EngineSettings,
  'view' | 'keyring' | 'issuer' | 'clock' | 'clockAhead' | 'clockIsWrong' | 'maxVerifyStaleness'
>;

/**
 * Verifies one token for one call. A view that is too old refuses, for what it does not know of may be revoked; so does a
 * clock that is wrong.
 */
export function createVerify(settings: Settings): (request: VerifyRequest) => VerifyOutcome | Refusal {
  return function verify(request) {
    const known = knownNow(settings);
    if ('granted' in known) return known;
    const { snapshot, staleSeconds } = known;
    const resource = snapshot.findResource(request.resource);
    if (!resource) return { active: false, staleSeconds };
    const now = tokenTime(settings);
    const judged = judgeToken(settings, resource, request.token, request.call, now);
    if (!('says' in judged)) return { active: false, ...judged, staleSeconds };
    if (isRevoked(settings, judged, now)) return { active: false, reason: 'revoked', staleSeconds };
    return { active: true, ...judged.says, staleSeconds };
  };
}

/**
 * Introspects one token of any resource, by the same evaluation. Why one is not active is not said (RFC 7662 §2.2).
 */
export function createIntrospect(settings: Settings): (token: string) => IntrospectOutcome | Refusal {
  return function introspect(token) {
    const known = knownNow(settings);
    if ('granted' in known) return known;
    const { snapshot, staleSeconds } = known;
    const audience = audienceOf(token);
    const resource = audience === undefined ? undefined : snapshot.resourceOfAudience(audience);
    if (!resource) return { active: false };
    const now = tokenTime(settings);
    const judged = judgeToken(settings, resource, token, undefined, now);
    if (!('says' in judged) || isRevoked(settings, judged, now)) return { active: false };
    const { accounts: _, ...says } = judged.says;
    return {
      active: true,
      ...says,
      resource: resource.name,
      audience: resource.audience,
      tokenType: mintFor(resource.tokenType, false).type,
      unchecked: judged.unchecked,
      staleSeconds,
    };
  };
}

function knownNow(settings: Settings) {
  const snapshot = settings.view.snapshot();
  const stale = settings.view.staleSeconds();
  if (!snapshot || stale > settings.maxVerifyStaleness || settings.clockIsWrong?.()) {
    return refusal('temporarily_unavailable', 'what is revoked or expired is not known well enough right now');
  }
  return { snapshot, staleSeconds: Math.floor(stale) };
}

function isRevoked({ view }: Settings, { lineage }: Good, now: number): boolean {
  const revocations = view.revocations();
  return lineage.some((facts) => revocations.check(facts, now));
}
