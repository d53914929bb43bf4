import type { Clock } from '../clock.ts';
import type { Anchor, VerifiedIdentity } from '../identity.ts';
import { Lru } from './lru.ts';
import { ProofError, type TokenReviewAnswer, type TokenReviewPort } from './types.ts';

/** Milliseconds that a good answer holds: how long a deleted pod's token may live on. */
const REMEMBER = 5_000;
/** Seconds. */
const RETRY_AFTER = 2;

/**
 * Asks the API server about proofs whose signature is already verified (K8-6), and remembers a good answer for seconds.
 * A refusal is never remembered; questions about one proof that come together are asked once.
 */
export class TokenReviews {
  readonly #port: TokenReviewPort | undefined;
  readonly #clock: Clock;
  readonly #good: Lru<number>;
  readonly #asking = new Map<string, Promise<void>>();

  constructor(port: TokenReviewPort | undefined, clock: Clock, size: number) {
    this.#port = port;
    this.#clock = clock;
    this.#good = new Lru(size);
  }

  /**
   * @param digest of the proof
   * @throws ProofError `token_review_refused`, or with `outage` `token_review_unavailable`
   */
  async check(proof: string, digest: string, anchor: Anchor, identity: VerifiedIdentity): Promise<void> {
    const key = `${digest} ${anchor.id}`;
    const until = this.#good.get(key);
    if (until !== undefined && this.#clock.monotonic() < until) return;
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(proof, key, anchor, identity).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    await asking;
  }

  async #ask(proof: string, key: string, anchor: Anchor, identity: VerifiedIdentity): Promise<void> {
    // What is learnt is as old as the question.
    const asked = this.#clock.monotonic();
    const answer = await this.#review(proof, anchor, identity);
    if (!confirms(answer, identity)) {
      throw new ProofError('token_review_refused', 'the API server does not confirm the token');
    }
    this.#good.set(key, asked + REMEMBER);
  }

  async #review(proof: string, anchor: Anchor, identity: VerifiedIdentity): Promise<TokenReviewAnswer> {
    if (!this.#port) {
      throw new ProofError('token_review_unavailable', 'there is no API server to review tokens with', {
        outage: true,
      });
    }
    try {
      return await this.#port.review(proof, anchor, identity.audiences);
    } catch (cause) {
      if (cause instanceof ProofError) throw cause;
      throw new ProofError('token_review_unavailable', 'the API server cannot be asked', {
        outage: true,
        retryAfter: RETRY_AFTER,
        cause,
      });
    }
  }
}

/**
 * The answer must be about this service account and this token's audience: no audience in it means that the API server
 * compared none (standards.md §10.2).
 */
function confirms(answer: TokenReviewAnswer, identity: VerifiedIdentity): boolean {
  return (
    answer.authenticated === true &&
    answer.audiences.some((audience) => identity.audiences.includes(audience)) &&
    answer.username === identity.subject &&
    answer.uid === identity.holder.subject
  );
}
