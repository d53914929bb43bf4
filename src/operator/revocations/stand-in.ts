/**
 * What a replica that does not lead keeps dead: what it saw, and nobody kept. The leader may have been cut off while it
 * was there.
 */
import type { Clock } from '../../clock.ts';
import type { Lingering } from '../../revocation/index.ts';
import type { LingeringRevocations } from '../revoked.ts';

export interface StandInSettings {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly revoked: Pick<LingeringRevocations, 'verdictOn'>;
  /** @returns `impossible`: there is nowhere to, for now */
  readonly keep: (one: Lingering) => Promise<unknown>;
  /** It is tried again. */
  readonly onError: (error: unknown) => void;
}

/** Milliseconds in which it is the leader's to keep. */
export const LEADERS = 10_000;
/** Milliseconds between two tries. */
const AGAIN = 5_000;
/** How many are written at once: the leader is at it too, most likely. */
const AT_ONCE = 8;

export class StandIn {
  readonly #settings: StandInSettings;
  /** Monotonic milliseconds before which one is not tried again. */
  readonly #notBefore = new WeakMap<Lingering, number>();
  #busy = 0;

  constructor(settings: StandInSettings) {
    this.#settings = settings;
  }

  /** Begins what is due. Returns at once. */
  look(lingering: readonly Lingering[]): void {
    const { clock, revoked } = this.#settings;
    const now = clock.monotonic();
    for (const one of lingering) {
      if (this.#busy >= AT_ONCE) return;
      if (now < (this.#notBefore.get(one) ?? one.since + LEADERS)) continue;
      if (revoked.verdictOn(one) === 'keep' && !mayBeTakenBack(one)) void this.#try(one);
    }
  }

  async #try(one: Lingering): Promise<void> {
    const { clock, keep, onError } = this.#settings;
    this.#notBefore.set(one, Number.POSITIVE_INFINITY);
    this.#busy += 1;
    try {
      if ((await keep(one)) === 'impossible') this.#notBefore.set(one, clock.monotonic() + AGAIN);
    } catch (error) {
      this.#notBefore.set(one, clock.monotonic() + AGAIN);
      onError(error);
    } finally {
      this.#busy -= 1;
    }
  }
}

/** Who saw only that it is gone may have missed that a person took it back, or edited `deletionPolicy` before. */
function mayBeTakenBack({ claim, how }: Lingering): boolean {
  return how === 'missed' && (claim.kind === 'TokenRevocation' || !claim.standing);
}
