/** Is this token good for this call? The same answer that a gateway with the resource's keys and feed comes to. */
import { epochSeconds } from '../clock.ts';
import { type Verified, verifyMacaroon } from '../macaroon/index.ts';
import { refusal } from './refusals.ts';
import type { EngineSettings } from './settings.ts';
import type { Refusal, VerifyOutcome, VerifyRequest } from './types.ts';

/**
 * Verifies one token for one call. A view that is too old refuses, for what it does not know of may be revoked; so does a
 * clock that is wrong.
 */
export function createVerify(settings: EngineSettings): (request: VerifyRequest) => VerifyOutcome | Refusal {
  const { view, keyring, clock } = settings;

  return function verify(request) {
    const snapshot = view.snapshot();
    const stale = view.staleSeconds();
    if (!snapshot || stale > settings.maxVerifyStaleness || settings.clockIsWrong?.()) {
      return refusal('temporarily_unavailable', 'what is revoked or expired is not known well enough right now');
    }
    const staleSeconds = Math.floor(stale);
    const resource = snapshot.findResource(request.resource);
    if (!resource) return { active: false, staleSeconds };
    const now = epochSeconds(clock);
    const verdict = verifyMacaroon(request.token, {
      rootKey: (kid, audience) => keyring.rootKey(kid, audience),
      audience: resource.audience,
      now,
      call: request.call,
    });
    if (!verdict.ok) {
      if (verdict.reason === 'other_resource') return { active: false, staleSeconds };
      const { caveat } = verdict;
      return { active: false, reason: verdict.denial ?? verdict.reason, ...(caveat && { caveat }), staleSeconds };
    }
    const { identifier } = verdict;
    const dead = view.revocations().check(
      {
        jti: identifier.jti,
        gid: identifier.gid,
        pol: identifier.pol,
        agt: identifier.agt,
        tenant: identifier.ten,
        iat: identifier.iat,
        derivedFrom: verdict.derivedFromDigests,
      },
      now,
    );
    if (dead) return { active: false, reason: 'revoked', staleSeconds };
    return active(verdict, staleSeconds);
  };
}

function active(
  { identifier, facts, notes, caveats, expiresAt, accounts }: Verified,
  staleSeconds: number,
): VerifyOutcome {
  return {
    active: true,
    jti: identifier.jti,
    grantId: identifier.gid,
    policy: identifier.pol,
    agent: identifier.agt,
    tenant: identifier.ten,
    subject: identifier.sub,
    issuedAt: identifier.iat,
    expiresAt,
    attributes: Object.fromEntries(facts),
    notes,
    caveats,
    accounts,
    staleSeconds,
  };
}
