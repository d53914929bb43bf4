/** From a proof to the identities that it proves: one per anchor that it verifies against. */
import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Anchor, VerifiedIdentity } from '../identity.ts';
import { checkTimes, readCommonClaims, readIssuer } from './claims.ts';
import { Lru } from './lru.ts';
import { Sightings } from './sightings.ts';
import { parseProof, verifyAgainst } from './signature.ts';
import { TokenReviews } from './token-reviews.ts';
import { checkTokenType } from './token-type.ts';
import {
  type AnchorDirectory,
  type IssuerKeys,
  ProofError,
  type ProofErrorCode,
  type TokenReviewPort,
} from './types.ts';

export interface ProofVerifierOptions {
  readonly keys: IssuerKeys;
  readonly clock: Clock;
  /** Absent: proofs of anchors that want a review cannot be judged. */
  readonly tokenReview?: TokenReviewPort;
  /** The number of verified proofs that are remembered, each from its second showing on; default 4096. */
  readonly cacheSize?: number;
}

export interface ProofVerifier {
  /**
   * Verifies a proof against every anchor of its issuer, at most 8.
   *
   * @param proof a compact JWS, at most 16 KiB. The audience is for the policies to compare, not checked here
   * @param digest the proof's SHA-256, base64url, where the caller has it already
   * @returns at least one identity, in the directory's order
   * @throws ProofError the most telling refusal if no anchor takes the proof; with `outage` if any cannot be asked,
   *   whatever the others say: a deny of one of its policies may not be missed
   */
  verify(proof: string, anchors: AnchorDirectory, digest?: string): Promise<readonly VerifiedIdentity[]>;
}

interface Verified {
  readonly anchor: Anchor;
  readonly identity: VerifiedIdentity;
}

/** What verification found, and all that it rests on. */
interface Remembered {
  readonly generation: string;
  /** Every candidate, with its key version before its keys were read; also of those that refused the proof. */
  readonly candidates: readonly { readonly anchor: Anchor; readonly version: number }[];
  readonly verified: readonly Verified[];
  readonly identities: readonly VerifiedIdentity[];
  readonly needsReview: boolean;
  readonly expiresAt: number;
  readonly usableFrom: number;
}

const MAX_PROOF_BYTES = 16 * 1024;
const MAX_CANDIDATES = 8;

export function createProofVerifier(options: ProofVerifierOptions): ProofVerifier {
  return new CachingVerifier(options);
}

class CachingVerifier implements ProofVerifier {
  readonly #keys: IssuerKeys;
  readonly #clock: Clock;
  readonly #reviews: TokenReviews;
  readonly #remembered: Lru<Remembered>;
  readonly #sightings: Sightings;
  readonly #underWay = new Map<string, { readonly generation: string; readonly task: Promise<Remembered> }>();

  constructor({ keys, clock, tokenReview, cacheSize = 4096 }: ProofVerifierOptions) {
    this.#keys = keys;
    this.#clock = clock;
    this.#reviews = new TokenReviews(tokenReview, clock, cacheSize);
    this.#remembered = new Lru(cacheSize);
    this.#sightings = new Sightings(cacheSize);
  }

  async verify(proof: string, anchors: AnchorDirectory, given?: string): Promise<readonly VerifiedIdentity[]> {
    if (proof.length > MAX_PROOF_BYTES) throw new ProofError('too_large', 'the proof is larger than 16 KiB');
    // The whole token: a cache keyed on less would give one caller another's claims.
    const digest = given ?? hash('sha256', proof, 'base64url');
    const known = this.#recall(digest, anchors) ?? (await this.#verifyOnce(proof, digest, anchors));
    return known.needsReview ? this.#reviewed(proof, digest, known) : known.identities;
  }

  #recall(digest: string, anchors: AnchorDirectory): Remembered | undefined {
    const known = this.#remembered.get(digest);
    if (!known) return undefined;
    const now = this.#clock.now() / 1000;
    const holds =
      known.generation === anchors.generation &&
      now < known.expiresAt &&
      now >= known.usableFrom &&
      known.candidates.every(({ anchor, version }) => this.#keys.version(anchor) === version);
    if (holds) return known;
    this.#remembered.delete(digest);
    return undefined;
  }

  #verifyOnce(proof: string, digest: string, anchors: AnchorDirectory): Promise<Remembered> {
    const known = this.#underWay.get(digest);
    if (known?.generation === anchors.generation) return known.task;
    const entry = { generation: anchors.generation, task: this.#verify(proof, digest, anchors) };
    this.#underWay.set(digest, entry);
    const done = () => {
      if (this.#underWay.get(digest) === entry) this.#underWay.delete(digest);
    };
    entry.task.then(done, done);
    return entry.task;
  }

  async #verify(proof: string, digest: string, anchors: AnchorDirectory): Promise<Remembered> {
    const jws = parseProof(proof);
    checkTokenType(jws.header.typ);
    const candidates = this.#candidates(readIssuer(jws.payload), anchors);
    const common = readCommonClaims(jws.payload, this.#clock.now() / 1000);
    const attempt = ({ anchor }: { anchor: Anchor }) => verifyAgainst(anchor, jws, common, this.#keys).catch(asRefusal);
    // Nearly every issuer has one anchor, which needs no gathering.
    const results =
      candidates.length === 1 ? [await attempt(candidates[0]!)] : await Promise.all(candidates.map(attempt));
    const verified: Verified[] = [];
    const refusals: ProofError[] = [];
    results.forEach((result, i) => {
      if (result instanceof ProofError) refusals.push(result);
      else verified.push({ anchor: candidates[i]!.anchor, identity: result });
    });
    throwIfRefused(refusals, verified.length);
    // Keys may have taken seconds to come.
    checkTimes(common, this.#clock.now() / 1000);
    const known: Remembered = {
      generation: anchors.generation,
      candidates,
      verified,
      identities: verified.map((v) => v.identity),
      needsReview: verified.some((v) => v.anchor.proofCheck === 'TokenReview'),
      expiresAt: common.expiresAt,
      usableFrom: common.usableFrom,
    };
    // Most proofs of a job are shown once: only what comes again is worth keeping.
    if (this.#sightings.again(digest)) this.#remembered.set(digest, known);
    return known;
  }

  #candidates(issuer: string, anchors: AnchorDirectory): Remembered['candidates'] {
    const found = anchors.anchorsOf(issuer).filter((anchor) => anchor.issuer === issuer);
    if (found.length === 0) throw new ProofError('unknown_issuer', 'no policy trusts the issuer of the proof');
    return found.slice(0, MAX_CANDIDATES).map((anchor) => ({ anchor, version: this.#keys.version(anchor) }));
  }

  async #reviewed(proof: string, digest: string, known: Remembered): Promise<readonly VerifiedIdentity[]> {
    const results = await Promise.all(
      known.verified.map(async ({ anchor, identity }) => {
        if (anchor.proofCheck !== 'TokenReview') return identity;
        return this.#reviews.check(proof, digest, anchor, identity).then(() => identity, asRefusal);
      }),
    );
    const identities: VerifiedIdentity[] = [];
    const refusals: ProofError[] = [];
    for (const result of results) {
      if (result instanceof ProofError) refusals.push(result);
      else identities.push(result);
    }
    throwIfRefused(refusals, identities.length);
    return identities;
  }
}

function asRefusal(error: unknown): ProofError {
  if (error instanceof ProofError) return error;
  throw error;
}

/** From the least telling: how far a proof came before it was refused. */
const STAGES: readonly ProofErrorCode[] = ['algorithm', 'unknown_kid', 'signature'];

function throwIfRefused(refusals: readonly ProofError[], verified: number): void {
  const outage = refusals.find((refusal) => refusal.outage);
  if (outage) throw outage;
  if (verified > 0) return;
  const stage = ({ code }: ProofError) => (STAGES.includes(code) ? STAGES.indexOf(code) : STAGES.length);
  throw refusals.reduce((most, next) => (stage(next) > stage(most) ? next : most));
}
