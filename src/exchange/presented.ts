/** What a caller presents → who that is: the proof, and the client where one authenticates. */
import type { VerifiedIdentity } from '../identity.ts';
import type { Decision, DecisionRequest, Snapshot } from '../policy/types.ts';
import { ProofError, type ProofVerifier } from '../proof/index.ts';
import type { DenialReason } from './denial-reasons.ts';
import { type Refused, refuse } from './refusals.ts';
import type { ClientAssertion, ExchangeRequest } from './types.ts';

export interface Presented {
  /** Of the proof: one for each anchor. */
  readonly identities: readonly VerifiedIdentity[];
  /** Of the client, where it authenticates by something else than the proof. */
  readonly clients?: readonly VerifiedIdentity[];
}

/**
 * Verifies all that was presented. Who authenticates as a client must do so (P29), and then the proof must be the
 * client's: nobody exchanges what is another's (P32).
 *
 * @param digest the proof's SHA-256, base64url
 */
export function verifyPresented(
  proofs: ProofVerifier,
  { proof, client }: ExchangeRequest,
  digest: string,
  snapshot: Snapshot,
): Promise<Presented | Refused> {
  return client
    ? verifyWithClient(proofs, proof, client, digest, snapshot)
    : verifyProof(proofs, proof, snapshot, digest);
}

async function verifyWithClient(
  proofs: ProofVerifier,
  proof: string,
  client: ClientAssertion,
  digest: string,
  snapshot: Snapshot,
): Promise<Presented | Refused> {
  const isSame = client.assertion === proof;
  const clients = await verifyClient(proofs, client, snapshot, isSame ? digest : undefined);
  if ('code' in clients) {
    // The record then says that it was not the proof.
    return isSame ? clients : { ...clients, denial: { ...clients.denial, stage: 'client' } };
  }
  if (isSame) return { identities: clients };
  const proven = await verifyProof(proofs, proof, snapshot, digest);
  if ('code' in proven) return proven;
  const own = proven.identities.filter((one) => clients.some((other) => isOne(one, other)));
  if (own.length === 0) {
    return refuse('invalid_request', 'client', 'not_the_client', 'the client and the proof are of two workloads');
  }
  return { identities: own, clients: clients.filter((one) => own.some((other) => isOne(one, other))) };
}

/** What bars a client whose own assertion would not be granted by the same rule: its audience is another, say. */
export function clientFault(
  { clients }: Presented,
  snapshot: Snapshot,
  question: DecisionRequest,
  decision: Decision & { readonly allowed: true },
): Refused | undefined {
  if (!clients) return undefined;
  const own = snapshot.decide(clients, question);
  const { policy, rule } = decision.terms;
  if (own.allowed && own.terms.policy.uid === policy.uid && own.terms.rule === rule) return undefined;
  const detail = 'the client assertion by itself is granted nothing by the rule of the proof';
  return { ...refuse('invalid_proof', 'client', 'wrong_audience', detail), about: 'client' };
}

async function verifyClient(
  proofs: ProofVerifier,
  { assertion, isSvid }: ClientAssertion,
  snapshot: Snapshot,
  digest: string | undefined,
): Promise<readonly VerifiedIdentity[] | Refused> {
  const proven = await verifyProof(proofs, assertion, snapshot, digest);
  if ('code' in proven) return { ...proven, about: 'client' };
  const clients = proven.identities;
  const bar = (reason: DenialReason, detail: string): Refused => ({
    ...refuse('invalid_proof', 'client', reason, detail),
    about: 'client',
  });
  const [{ audiences, provider }] = clients as readonly [VerifiedIdentity];
  if (audiences.length !== 1) return bar('several_audiences', 'a client assertion has one audience');
  if (isSvid && provider !== 'spiffe') return bar('no_svid', 'the assertion is said to be a JWT-SVID, and is none');
  return clients;
}

async function verifyProof(
  proofs: ProofVerifier,
  proof: string,
  snapshot: Snapshot,
  digest: string | undefined,
): Promise<Presented | Refused> {
  try {
    return { identities: await proofs.verify(proof, snapshot, digest) };
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    const { code, message, outage, retryAfter = 5 } = error;
    const refused = refuse(outage ? 'temporarily_unavailable' : 'invalid_proof', 'proof', code, message);
    return outage ? { ...refused, retryAfter } : refused;
  }
}

function isOne(one: VerifiedIdentity, other: VerifiedIdentity): boolean {
  return one.anchor === other.anchor && one.subject === other.subject;
}
