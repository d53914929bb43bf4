/** A fact that an installation must not forget, written on its Lease. */

import { LEASES } from './lease.ts';
import { statusOf } from './status-of.ts';
import type { CallOptions, KubeClient } from './types.ts';

export interface LeaseMarkOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch'>;
  readonly namespace: string;
  /** The Lease's. */
  readonly name: string;
  /** Its annotation, as `example.com/keys-created`. Set means that it has a value other than ''. */
  readonly annotation: string;
}

/**
 * An annotation that anyone may set: setting it never takes the Lease from its holder, who sees a conflict,
 * reads it, and keeps it. An elector that makes a deleted Lease anew puts back the marks that it has seen.
 */
export class LeaseMark {
  readonly #options: LeaseMarkOptions;

  constructor(options: LeaseMarkOptions) {
    this.#options = options;
  }

  /**
   * Asks the API server, not a cache. No Lease means no mark.
   *
   * @throws KubeApiError where it cannot be read: then nothing is known
   */
  async isSet(options: CallOptions = {}): Promise<boolean> {
    return (await this.value(options)) !== undefined;
  }

  /**
   * What it was set to.
   *
   * @throws KubeApiError as `isSet`
   */
  async value(options: CallOptions = {}): Promise<string | undefined> {
    const { client, name, namespace, annotation } = this.#options;
    try {
      const { metadata } = await client.get(LEASES, name, namespace, options);
      const { annotations = {} } = metadata;
      return (Object.hasOwn(annotations, annotation) && annotations[annotation]) || undefined;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /**
   * Sets it, making a Lease that nobody holds where there is none. Setting it to what it is changes nothing.
   *
   * @throws KubeApiError where it may not have been set
   */
  async set(value: string, options: CallOptions = {}): Promise<void> {
    const { client, name, namespace, annotation } = this.#options;
    const metadata = { annotations: { [annotation]: value } };
    const patch = () => client.patch(LEASES, name, namespace, 'merge', { metadata }, options);
    try {
      await patch();
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace, ...metadata },
        spec: {},
      };
      try {
        await client.create(LEASES, lease, namespace, options);
      } catch (made) {
        if (statusOf(made) !== 409) throw made;
        await patch();
      }
    }
  }
}
