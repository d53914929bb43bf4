/** Finds out why TokenRevocations went: taken back by a person, or gone with their namespace. */
import type { Clock } from '../../clock.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type Lingering, parseTimestamp } from '../../revocation/index.ts';
import { statusOf } from '../errors.ts';
import { NAMESPACES } from '../kinds.ts';
import type { LingeringRevocations } from '../revoked.ts';

export interface JudgeSettings {
  readonly client: Pick<KubeClient, 'get'>;
  readonly clock: Clock;
  readonly revoked: LingeringRevocations;
  /** The API server could not be asked. It is asked again. */
  readonly onError: (error: unknown) => void;
}

const DEADLINE = 4_000;
/** Milliseconds between two questions about one namespace that failed. */
const AGAIN = 2_000;

export class Judge {
  readonly #settings: JudgeSettings;
  /** Namespaces that are being asked about, or will be again: not before this time, monotonic milliseconds. */
  readonly #asked = new Map<string, number>();

  constructor(settings: JudgeSettings) {
    this.#settings = settings;
  }

  /**
   * Begins to find out what is not known yet. Resolves when it is known, or could not be.
   * @returns whether something was found out
   */
  async look(): Promise<boolean> {
    const { clock, revoked } = this.#settings;
    const open = revoked.lingering().filter((one) => revoked.verdictOn(one) === undefined);
    const waiting = Map.groupBy(open, ({ claim }) => claim.namespace ?? '');
    for (const namespace of this.#asked.keys()) if (!waiting.has(namespace)) this.#asked.delete(namespace);
    const due = [...waiting].filter(([namespace]) => (this.#asked.get(namespace) ?? 0) <= clock.monotonic());
    const found = await Promise.all(due.map(([namespace, all]) => this.#ask(namespace, all)));
    return found.includes(true);
  }

  async #ask(namespace: string, all: readonly Lingering[]): Promise<boolean> {
    const { clock, revoked, onError } = this.#settings;
    this.#asked.set(namespace, Number.POSITIVE_INFINITY);
    try {
      const isEnding = await this.#isEnding(namespace);
      for (const one of all) revoked.judge(one, isEnding(one) ? 'keep' : 'undo');
      this.#asked.delete(namespace);
      return true;
    } catch (error) {
      this.#asked.set(namespace, clock.monotonic() + AGAIN);
      onError(error);
      return false;
    }
  }

  async #isEnding(name: string): Promise<(one: Lingering) => boolean> {
    try {
      const { metadata } = await this.#settings.client.get(NAMESPACES, name, undefined, { deadlineMs: DEADLINE });
      if (metadata.deletionTimestamp !== undefined) return () => true;
      const made = parseTimestamp(metadata.creationTimestamp ?? '');
      // Its name may have been given to another one already.
      return ({ claim }) => made !== undefined && claim.created !== undefined && made > claim.created;
    } catch (error) {
      if (statusOf(error) === 404) return () => true;
      throw error;
    }
  }
}
