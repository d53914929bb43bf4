/** Who may ask: gateways by their own service account, people and tools by what RBAC lets them do with trustpolicies. */
import { createHash } from 'node:crypto';
import { GROUP } from '../api/v1alpha1/index.ts';
import type { Clock } from '../clock.ts';
import { TokenBucket } from '../kube/index.ts';
import type { KubeClient } from '../kube/types.ts';
import type { ServedResource, Snapshot } from '../policy/types.ts';
import { member } from './errors.ts';
import { SUBJECT_ACCESS_REVIEWS, WATCHED } from './kinds.ts';
import { type ReviewedToken, reviewToken } from './token-review.ts';

/**
 * `verifier`: verify, keys and revocations of a resource. `explain`, `policies`: the routes of that name.
 */
export type AccessKind = 'verifier' | 'explain' | 'policies';

/**
 * `unauthorized`: nobody we know, or no verifier of the resource. `forbidden`: a user whom RBAC does not allow it.
 * `unavailable`: the API server could not be asked.
 */
export type AccessVerdict = 'ok' | 'unauthorized' | 'forbidden' | 'unavailable';

export interface AccessSettings {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** The audience of the tokens that callers prove themselves with: our issuer. */
  readonly issuer: string;
  readonly snapshot: () => Snapshot | undefined;
  /** How old the snapshot may be at most: whom it names as verifiers is as old. */
  readonly staleSeconds: () => number;
}

/** Milliseconds that an answer of the API server holds. */
const REMEMBER = 5_000;
/** Milliseconds that a verifier is still known while the API server cannot be asked: verifying goes on that long. */
const REMEMBER_IN_OUTAGE = 30 * 60_000;
/** Milliseconds that a verifier who is known waits for an API server that did not answer the last question. */
const PATIENCE = 250;
/** Answers remembered, and questions under way, at most: callers choose what is asked about. */
const MAX_ANSWERS = 1024;
const MAX_ASKING = 64;
/** Questions a second, and at once, about those who were not let in before: anyone may send any token. */
const STRANGERS = { perSecond: 50, burst: 200 };
const MAX_TOKEN = 16 * 1024;
const VERBS = { explain: 'explain', policies: 'list' } as const;

/** Of a SubjectAccessReview. Without a namespace: in all of them. */
interface Attributes {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly namespace?: string;
}

/** Answers `authorize` by TokenReview and SubjectAccessReview, each remembered for seconds. */
export function createAccess(settings: AccessSettings) {
  const { client, issuer, clock } = settings;
  const callers = new Answers<ReviewedToken | undefined>(clock);
  const rights = new Answers<boolean>(clock);

  async function callerOf(bearer: string, kind: AccessKind): Promise<ReviewedToken | undefined> {
    const key = digest(bearer);
    const question = callers.of(key, async () => {
      const review = await reviewToken(client, bearer, [issuer]);
      // No audience in the answer means that none was compared.
      return review.authenticated && review.audiences.includes(issuer) ? review : undefined;
    });
    // A gateway must not stop with the API server; its token, which was good, still ends when it says so.
    const isGood = kind === 'verifier' && clock.now() < expiryOf(bearer) * 1000;
    const known = () => (isGood ? callers.last(key, REMEMBER_IN_OUTAGE) : undefined);
    try {
      return await (callers.failing && known() ? soon(question) : question);
    } catch (error) {
      const last = known();
      if (last === undefined) throw error;
      return last;
    }
  }

  /** What it gives, or a rejection where that takes long: an API server that is silent must not slow every call down. */
  async function soon<T>(question: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = clock.setTimer(() => late.reject(new Error('no answer yet')), PATIENCE);
    try {
      return await Promise.race([question, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  function mayDo({ username, uid, groups, extra }: ReviewedToken, resourceAttributes: Attributes): Promise<boolean> {
    return rights.of(digest(JSON.stringify([username, uid, groups, extra, resourceAttributes])), async () => {
      const answer = await client.review<unknown>(SUBJECT_ACCESS_REVIEWS, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: {},
        spec: { user: username, uid, groups, extra, resourceAttributes },
      });
      return member(member(answer, 'status'), 'allowed') === true;
    });
  }

  return {
    /**
     * Whose a token is that was made for our issuer; undefined: nobody's.
     * @throws where the API server cannot be asked
     */
    async identify(bearer: string): Promise<ReviewedToken | undefined> {
      return bearer.length > MAX_TOKEN ? undefined : await callerOf(bearer, 'explain');
    },

    /**
     * Whether RBAC lets a caller do something.
     * @throws where the API server cannot be asked
     */
    may: mayDo,

    /**
     * Whether the bearer of a token may ask. Never rejects.
     *
     * @param bearer what the caller presented; undefined: nothing
     * @param resource of a verifier: the name, URI or audience asked about; absent: any that it verifies for
     */
    async authorize(kind: AccessKind, bearer: string | undefined, resource?: string): Promise<AccessVerdict> {
      if (bearer === undefined || bearer.length > MAX_TOKEN) return 'unauthorized';
      try {
        const caller = await callerOf(bearer, kind);
        if (caller?.username === undefined) return 'unauthorized';
        if (kind !== 'verifier')
          return (await mayDo(caller, { group: GROUP, resource: WATCHED.TrustPolicy.plural, verb: VERBS[kind] }))
            ? 'ok'
            : 'forbidden';
        const snapshot = settings.snapshot();
        if (!snapshot || settings.staleSeconds() * 1000 > REMEMBER_IN_OUTAGE) return 'unavailable';
        return verifies(caller.username, snapshot, resource) ? 'ok' : 'unauthorized';
      } catch {
        return 'unavailable';
      }
    },
  };
}

function verifies(username: string, snapshot: Snapshot, resource: string | undefined): boolean {
  const isOf = (one: ServedResource | undefined) =>
    one?.verifiers.some((v) => `system:serviceaccount:${v.namespace}:${v.serviceAccount}` === username) ?? false;
  return resource === undefined ? [...snapshot.resources.values()].some(isOf) : isOf(snapshot.findResource(resource));
}

/** Remembers answers for seconds, and asks what is asked at once only once. An outage is never remembered. */
class Answers<T> {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly answer: T; readonly asked: number }>();
  readonly #asking = new Map<string, Promise<T>>();
  readonly #strangers: TokenBucket;
  #failing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#strangers = new TokenBucket(clock, STRANGERS.perSecond, STRANGERS.burst);
  }

  async of(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key);
    if (known && this.#clock.monotonic() < known.asked + REMEMBER) return known.answer;
    const asking = this.#asking.get(key);
    if (asking) return await asking;
    // Whoever was let in before is asked about whatever strangers do: nobody stays let in behind their crowd.
    const isStranger = !known?.answer;
    if (isStranger && (this.#asking.size >= MAX_ASKING || !this.#strangers.take())) {
      throw new Error('too many questions');
    }
    const question = this.#ask(key, ask).finally(() => this.#asking.delete(key));
    this.#asking.set(key, question);
    return await question;
  }

  /** Whether the question that ended last got no answer. */
  get failing(): boolean {
    return this.#failing;
  }

  /** The last answer, if it is not older than this many milliseconds. */
  last(key: string, ms: number): T | undefined {
    const known = this.#known.get(key);
    return known && this.#clock.monotonic() < known.asked + ms ? known.answer : undefined;
  }

  async #ask(key: string, ask: () => Promise<T>): Promise<T> {
    // What is learnt is as old as the question.
    const asked = this.#clock.monotonic();
    const answer = await ask().catch((error: unknown) => {
      this.#failing = true;
      throw error;
    });
    this.#failing = false;
    this.#known.delete(key);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MAX_ANSWERS && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, { answer, asked });
    return answer;
  }
}

/** The `exp` of a token that was good before; 0 where it states none. */
function expiryOf(token: string): number {
  try {
    const exp = member(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()), 'exp');
    return typeof exp === 'number' ? exp : 0;
  } catch {
    return 0;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
