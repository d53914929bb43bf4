/** Writes `status`, and only onto the very object that it was worked out from. */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { statusOf } from './status-of.ts';
import type { CallOptions, KubeClient, KubeObject, ResourceType } from './types.ts';
import { TerminalError } from './work-queue.ts';

/**
 * - `written`
 * - `unchanged`: it says so already
 * - `conflict`: the object is another by now; work it out again from what is there
 * - `gone`: it does not exist, or one of another uid has its name
 * - `not_leader`
 */
export type StatusOutcome = 'written' | 'unchanged' | 'conflict' | 'gone' | 'not_leader';

export interface StatusWriterOptions {
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  /** Asked right before each write. */
  readonly isLeader: () => boolean;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Writes that the cache has not shown us yet; beyond so many the oldest are forgotten, which costs a conflict. */
const MAX_REMEMBERED = 4_096;
/** Milliseconds after which the version that a write was based on is there again, from a backup: no cache is so late. */
const LATE = 60_000;

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** By uid: the resourceVersion that a write was based on, the hash of what it wrote, and when. */
  readonly #recent = new Map<string, { readonly base: string; readonly hash: string; readonly at: number }>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /**
   * Replaces `status` whole, as a JSON Patch that tests uid and resourceVersion (a merge or apply patch would ignore the
   * uid and write onto a namesake).
   *
   * @param object as read, with its `status`: what `status` was worked out from
   * @throws TerminalError where the API server refuses this status for what it says
   * @throws KubeApiError where the outcome is not known, or it may not be written at all
   */
  async write(
    type: ResourceType,
    object: KubeObject,
    status: object,
    options: CallOptions = {},
  ): Promise<StatusOutcome> {
    const { client, isLeader, clock } = this.#options;
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const hash = hashOf(status);
    if (object.status !== undefined && hashOf(object.status) === hash) return 'unchanged';
    const recent = this.#recent.get(uid);
    // Our own write, which this copy of the object does not show yet.
    if (recent?.base === resourceVersion && clock.monotonic() - recent.at < LATE)
      return recent.hash === hash ? 'unchanged' : 'conflict';
    if (!isLeader()) return 'not_leader';
    const patch = [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/status', value: status },
    ];
    try {
      await client.patch(type, name, namespace, 'json', patch, { ...options, subresource: 'status' });
    } catch (error) {
      const code = statusOf(error);
      if (code === 404) return 'gone';
      if (code === 409) return 'conflict';
      if (code === 422) return await this.#whyRefused(type, object, options);
      throw error;
    }
    this.#remember(uid, resourceVersion, hash);
    return 'written';
  }

  /** A failed test and a status against the schema are both 422, and the server does not say which. */
  async #whyRefused(type: ResourceType, object: KubeObject, options: CallOptions): Promise<StatusOutcome> {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    try {
      const { metadata } = await this.#options.client.get(type, name, namespace, options);
      if (metadata.uid !== uid) return 'gone';
      if (metadata.resourceVersion !== resourceVersion) return 'conflict';
    } catch (error) {
      if (statusOf(error) === 404) return 'gone';
      throw error;
    }
    throw new TerminalError(`the API server refuses the status of ${type.plural} ${namespace ?? ''}/${name}`);
  }

  #remember(uid: string, base: string, hash: string): void {
    this.#recent.delete(uid);
    this.#recent.set(uid, { base, hash, at: this.#options.clock.monotonic() });
    if (this.#recent.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
  }
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('base64url');
}

/** JSON with its members in order, as the server may give them back in another. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
