/** Is this token good for this call? The same answer that a gateway with the resource's keys and feed comes to. */
import { judgeToken } from './judge.ts';
import { refusal } from './refusals.ts';
import type { EngineSettings } from './settings.ts';
import { tokenTime } from './token-time.ts';
import type { Refusal, VerifyOutcome, VerifyRequest } from './types.ts';

/**
 * Verifies one token for one call. A view that is too old refuses, for what it does not know of may be revoked; so does a
 * clock that is wrong.
 */
export function createVerify(settings: EngineSettings): (request: VerifyRequest) => VerifyOutcome | Refusal {
  const { view } = settings;

  return function verify(request) {
    const snapshot = view.snapshot();
    const stale = view.staleSeconds();
    if (!snapshot || stale > settings.maxVerifyStaleness || settings.clockIsWrong?.()) {
      return refusal('temporarily_unavailable', 'what is revoked or expired is not known well enough right now');
    }
    const staleSeconds = Math.floor(stale);
    const resource = snapshot.findResource(request.resource);
    if (!resource) return { active: false, staleSeconds };
    const now = tokenTime(settings);
    const judged = judgeToken(settings, resource, request.token, request.call, now);
    if (!('says' in judged)) return { active: false, ...judged, staleSeconds };
    const revocations = view.revocations();
    if (judged.lineage.some((facts) => revocations.check(facts, now))) {
      return { active: false, reason: 'revoked', staleSeconds };
    }
    return { active: true, ...judged.says, staleSeconds };
  };
}
