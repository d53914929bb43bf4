/** Asks this cluster's API server whether a token's objects still exist. */
import type { KubeClient } from '../kube/types.ts';
import type { TokenReviewAnswer, TokenReviewPort } from '../proof/index.ts';
import { member, OperatorError, strings, text } from './errors.ts';
import { TOKEN_REVIEWS } from './kinds.ts';

/** Milliseconds: an exchange waits for it. */
const DEADLINE = 5_000;

/** What a TokenReview says of a token: also whose it is, for authorization. */
export interface ReviewedToken extends TokenReviewAnswer {
  readonly groups: readonly string[];
  /** `status.user.extra`: what authorizers may look at beside the name. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * @param audiences `spec.audiences`; never empty, or the API server would compare with its own
 * @throws the client's error, or OperatorError bad_answer, where the API server cannot be asked
 */
export async function reviewToken(
  client: KubeClient,
  token: string,
  audiences: readonly string[],
): Promise<ReviewedToken> {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    // Metadata may not be left out by some proxies.
    metadata: {},
    spec: { token, audiences },
  };
  const answer = await client.review<unknown>(TOKEN_REVIEWS, body, { deadlineMs: DEADLINE });
  const status = member(answer, 'status');
  if (typeof status !== 'object' || status === null) {
    throw new OperatorError('bad_answer', 'the API server answered a TokenReview without a status');
  }
  // The member is absent, and not false, for a token that is refused.
  const authenticated = member(status, 'authenticated') === true;
  const user = member(status, 'user');
  const username = text(user, 'username');
  const uid = text(user, 'uid');
  const extra = member(user, 'extra');
  return {
    authenticated,
    audiences: authenticated ? strings(member(status, 'audiences')) : [],
    ...(username !== undefined && { username }),
    ...(uid !== undefined && { uid }),
    groups: strings(member(user, 'groups')),
    extra: Object.fromEntries(
      Object.entries(typeof extra === 'object' && extra !== null ? extra : {}).map(([key, values]) => [
        key,
        strings(values),
      ]),
    ),
  };
}

/** The proof verifier's port to this cluster's API server; an outage throws. */
export function tokenReviews(client: KubeClient): TokenReviewPort {
  return { review: (token, _anchor, audiences) => reviewToken(client, token, audiences) };
}
