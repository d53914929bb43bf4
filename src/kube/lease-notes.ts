/** Annotations of a Lease as a place where people and the leader leave each other word. */
import { LEASES } from './lease.ts';
import { statusOf } from './status-of.ts';
import type { CallOptions, KubeClient } from './types.ts';

export interface LeaseNotesOptions {
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  readonly namespace: string;
  /** The Lease's. */
  readonly name: string;
}

export interface Notes {
  /** Of the Lease. */
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** Who held the Lease when it was last written. */
  readonly holder: string | undefined;
}

/** A note is one annotation. Nothing here ever takes the Lease from its holder. */
export class LeaseNotes {
  readonly #options: LeaseNotesOptions;

  constructor(options: LeaseNotesOptions) {
    this.#options = options;
  }

  /**
   * @returns undefined where there is no Lease
   * @throws KubeApiError
   */
  async read(options: CallOptions = {}): Promise<Notes | undefined> {
    const { client, name, namespace } = this.#options;
    try {
      const { metadata, spec } = await client.get(LEASES, name, namespace, options);
      const holder = (spec as { holderIdentity?: unknown } | undefined)?.holderIdentity;
      return {
        uid: metadata.uid,
        annotations: metadata.annotations ?? {},
        resourceVersion: metadata.resourceVersion,
        holder: typeof holder === 'string' && holder !== '' ? holder : undefined,
      };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /**
   * Writes a note.
   *
   * @param unlessChanged the resourceVersion that it was decided by: whoever wrote in between is not written over
   * @returns false where somebody did, or the Lease is gone
   */
  async write(annotation: string, value: string, unlessChanged?: string): Promise<boolean> {
    const fence = unlessChanged !== undefined && { resourceVersion: unlessChanged };
    return await this.#patch('merge', { metadata: { annotations: { [annotation]: value }, ...fence } });
  }

  /**
   * Takes off the very note that was read, and writes others in the same step.
   *
   * @returns false where it is another by now, or none
   */
  async answer(annotation: string, value: string, others: Readonly<Record<string, string>> = {}): Promise<boolean> {
    const path = pathOf(annotation);
    return await this.#patch('json', [
      { op: 'test', path, value },
      { op: 'remove', path },
      ...Object.entries(others).map(([other, text]) => ({ op: 'add', path: pathOf(other), value: text })),
    ]);
  }

  async #patch(type: 'merge' | 'json', body: unknown): Promise<boolean> {
    const { client, name, namespace } = this.#options;
    try {
      await client.patch(LEASES, name, namespace, type, body);
      return true;
    } catch (error) {
      // A test that fails is 422, a path that leads nowhere too.
      if ([404, 409, 422].includes(statusOf(error))) return false;
      throw error;
    }
  }
}

/** RFC 6901 §3. */
function pathOf(annotation: string): string {
  return `/metadata/annotations/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
