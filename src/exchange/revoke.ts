/** Giving a token up (RFC 7009): whoever has it may, whatever it allows. */
import { verifyAccessToken, verifyDelegation } from '../access-token/index.ts';
import type { RevocationEvent } from '../audit/index.ts';
import { authenticMacaroon } from '../macaroon/index.ts';
import type { RevocationEntry, TokenFacts } from '../revocation/index.ts';
import { audienceOf, isJwt } from './audience.ts';
import { factsOf } from './judge.ts';
import { RateLimiter } from './rate-limit.ts';
import { refusal } from './refusals.ts';
import type { RevokedHere } from './revoked-here.ts';
import type { EngineSettings } from './settings.ts';
import { tokenTime } from './token-time.ts';
import type { Refusal, RevokeOutcome, RevokeRequest } from './types.ts';

/** Revocations of one grant: from a token any number of others can be derived, each to be kept for a day. */
const LIMIT = { perSecond: 0.1, burst: 30 };
/** Seconds that a revocation lasts: no token lives longer, and two clocks may differ by an hour. */
const OUTLIVES_TOKENS = 25 * 3600;
const MAX_UNKEPT = 10_000;

interface Doomed {
  readonly by: 'token' | 'derivedFrom';
  readonly value: string;
  readonly facts: TokenFacts;
}

/**
 * Kills one token: a macaroon, with all that is appended to it, by `derivedFrom`; a JWT by its `jti`. What is not ours,
 * over or dead already is as dead as was asked (RFC 7009 §2.2).
 */
export function createRevoke(
  settings: EngineSettings,
  here: RevokedHere,
): (request: RevokeRequest) => Promise<RevokeOutcome | Refusal> {
  const grants = new RateLimiter(LIMIT, settings.clock);
  /** Dead here, and not kept yet. */
  const unkept = new Set<string>();

  return async function revoke({ token, correlationId }) {
    const { view, writeRevocation } = settings;
    if (!view.snapshot() || settings.clockIsWrong?.()) return unavailable();
    const now = tokenTime(settings);
    const doomed = isJwt(token) ? doomedJwt(settings, token, now) : doomedMacaroon(settings, token);
    if (!doomed) return { made: false };
    const isDead = view.revocations().check(doomed.facts, now) !== undefined;
    if (isDead && !unkept.has(doomed.value)) return { made: false };
    if (!writeRevocation) return unavailable();
    const wait = grants.take(doomed.facts.gid);
    if (wait > 0) return refusal('rate_limited', 'too many revocations of one grant', wait);
    const { by, value, facts } = doomed;
    const entry: RevocationEntry = {
      ...{ by, value, tenant: facts.tenant, issuedBefore: null, expiresAt: now + OUTLIVES_TOKENS },
      source: `/oauth2/revoke ${correlationId}`,
    };
    // First here: whatever becomes of the writing, who gave a token up does not want it used.
    if (!isDead) here.add(entry);
    // Every replica records what it sees come into force; this one says who asked. A token is no less dead unrecorded.
    await settings.audit.record(recordOf(entry, correlationId)).catch(() => undefined);
    try {
      await writeRevocation(entry, `given up at /oauth2/revoke, correlation id ${correlationId}`);
    } catch {
      if (unkept.size < MAX_UNKEPT) unkept.add(value);
      return unavailable();
    }
    unkept.delete(value);
    return { made: true };
  };
}

function recordOf(entry: RevocationEntry, id: string): RevocationEvent {
  const { by, value, tenant, issuedBefore, expiresAt, source } = entry;
  const what = { by, value, tenant, issued_before: issuedBefore, expires_at: expiresAt, source };
  return { kind: 'revocation', id, action: 'made', ...what };
}

function unavailable(): Refusal {
  return refusal('temporarily_unavailable', 'the revocation cannot be kept right now; try again');
}

function doomedMacaroon({ keyring }: EngineSettings, token: string): Doomed | undefined {
  const ours = authenticMacaroon(token, keyring.rootKey.bind(keyring));
  if (!ours) return undefined;
  const { jti, gid, pol, agt, ten: tenant, iat } = ours.identifier;
  const facts = { jti, gid, pol, agt, tenant, iat, derivedFrom: ours.derivedFromDigests };
  return { by: 'derivedFrom', value: ours.derivedFrom, facts };
}

function doomedJwt({ keyring, issuer }: EngineSettings, token: string, now: number): Doomed | undefined {
  const audience = audienceOf(token);
  if (audience === undefined) return undefined;
  const input = { keyOf: (kid: string) => keyring.verificationKey(kid), issuer, now };
  const verdict = audience === issuer ? verifyDelegation(token, input) : verifyAccessToken(token, audience, input);
  if (!verdict.ok) return undefined;
  const { claims } = verdict;
  return { by: 'token', value: claims.jti, facts: factsOf(claims, claims.tenant) };
}
