/** Why a proof, or a set of claims, would get what it gets. Uses the engine's own verifier and matcher; never issues. */
import { epochSeconds } from '../clock.ts';
import type { Anchor, Claims, VerifiedIdentity } from '../identity.ts';
import type { Decision, Snapshot } from '../policy/types.ts';
import { identityFromClaims, ProofError } from '../proof/index.ts';
import { grantOf, isOwnCluster } from './issue.ts';
import { type Denial, refusal } from './refusals.ts';
import type { EngineSettings } from './settings.ts';
import type { ExplainOutcome, ExplainRequest } from './types.ts';

/** Seconds that a proof without times is taken to live. */
const PROOF_LIFE = 3600;

/** Explains a request as of now. Only operators may ask: the answer shows policies and why a proof was refused. */
export function createExplain(settings: EngineSettings): (request: ExplainRequest) => Promise<ExplainOutcome> {
  return async function explain(request) {
    const snapshot = settings.view.snapshot();
    if (!snapshot) return { ...refusal('temporarily_unavailable'), detail: 'no policies have been read yet' };
    let identities: readonly VerifiedIdentity[];
    try {
      identities = await identitiesOf(request, snapshot);
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      const code = error.outage ? 'temporarily_unavailable' : 'invalid_proof';
      return {
        ...refusal(code, 'an exchange would be refused before any policy', error.retryAfter),
        detail: `${error.code}: ${error.message}`,
      };
    }
    const explanation = snapshot.explain(identities, request);
    const barred = barrier(explanation.decision, snapshot);
    return {
      granted: true,
      verified: 'credentials' in request,
      ...explanation,
      ...(barred && { refused: barred }),
    };
  };

  /** What an exchange would meet with after the policies. */
  function barrier(decision: Decision, snapshot: Snapshot): Denial | undefined {
    if (!decision.allowed) return undefined;
    const { terms } = decision;
    const granted = grantOf(settings, terms, epochSeconds(settings.clock), isOwnCluster(terms, snapshot));
    return 'denial' in granted ? granted.denial : undefined;
  }

  async function identitiesOf(request: ExplainRequest, snapshot: Snapshot): Promise<readonly VerifiedIdentity[]> {
    if ('credentials' in request) return settings.proofs.verify(request.credentials, snapshot);
    const anchors = snapshot.anchorsOf(request.issuer);
    if (anchors.length === 0) throw new ProofError('unknown_issuer', 'no policy in force names this issuer');
    return readClaims(anchors, request.claims, epochSeconds(settings.clock));
  }
}

/**
 * What each anchor's provider makes of the claims; as with a proof, one that refuses them hides no other.
 * Claims that state no times are taken for those of a proof made just now.
 */
function readClaims(anchors: readonly Anchor[], claims: Claims, now: number): readonly VerifiedIdentity[] {
  const timed = ['iat', 'exp'].some((name) => Object.hasOwn(claims, name));
  const identities: VerifiedIdentity[] = [];
  let refused: ProofError | undefined;
  for (const anchor of anchors) {
    try {
      const identity = identityFromClaims(anchor, claims, timed ? now : undefined);
      identities.push(timed ? identity : { ...identity, issuedAt: now, expiresAt: now + PROOF_LIFE });
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      refused = error;
    }
  }
  if (identities.length === 0 && refused) throw refused;
  return identities;
}
