/** The CA for clients, in a ConfigMap of each namespace that has some: kept filled, never made. */
import type { Clock } from '../../clock.ts';
import type { KubeLog } from '../../kube/index.ts';
import type { KubeClient } from '../../kube/types.ts';
import { member, reasonOf, statusOf, text } from '../errors.ts';
import { CONFIG_MAPS } from '../kinds.ts';

export interface CaConfigMapsSettings {
  readonly client: Pick<KubeClient, 'get' | 'replace'>;
  readonly clock: Clock;
  readonly log: KubeLog;
  /** The same name in each namespace. */
  readonly configMap: string;
  readonly namespaces: readonly string[];
}

/** As cert-manager, trust-manager and the API server name it. */
const KEY = 'ca.crt';
/** Milliseconds between two looks at what should not change. */
const EVERY = 30_000;

export class CaConfigMaps {
  readonly #settings: CaConfigMapsSettings;
  /** By namespace: why clients there do not find it. */
  readonly #problems = new Map<string, string>();
  #filled = '';
  #at = Number.NEGATIVE_INFINITY;

  constructor(settings: CaConfigMapsSettings) {
    this.#settings = settings;
  }

  problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  /** Never rejects: what fails is logged once, said by `problems()`, and tried again. */
  async fill(bundle: string, signal: AbortSignal): Promise<void> {
    const { clock, namespaces } = this.#settings;
    if (bundle === this.#filled && clock.monotonic() - this.#at < EVERY) return;
    this.#filled = bundle;
    this.#at = clock.monotonic();
    for (const namespace of namespaces) {
      if (signal.aborted) return;
      this.#note(namespace, await this.#fillIn(namespace, bundle, signal));
    }
  }

  /** @returns what is wrong */
  async #fillIn(namespace: string, bundle: string, signal: AbortSignal): Promise<string | undefined> {
    const { client, configMap, log } = this.#settings;
    const shown = `ConfigMap ${namespace}/${configMap}`;
    try {
      const object = await client.get(CONFIG_MAPS, configMap, namespace, { signal });
      const data = member(object, 'data');
      if (text(data, KEY) === bundle) return undefined;
      const filled = { ...object, data: { ...(typeof data === 'object' && data), [KEY]: bundle } };
      await client.replace(CONFIG_MAPS, filled, configMap, namespace);
      log('info', `${shown} has our CA`);
      return undefined;
    } catch (error) {
      const status = statusOf(error);
      // Another replica was faster.
      if (status === 409) return undefined;
      if (status === 404) return `there is no ${shown}: make it, empty, and it is filled`;
      return `${shown} cannot be filled: ${status === 403 ? 'RBAC missing' : reasonOf(error)}`;
    }
  }

  #note(namespace: string, problem: string | undefined): void {
    if (problem !== undefined && this.#problems.get(namespace) !== problem) this.#settings.log('warn', problem);
    if (problem === undefined) this.#problems.delete(namespace);
    else this.#problems.set(namespace, problem);
  }
}
