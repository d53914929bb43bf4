import { inspect } from 'node:util';
import { epochSeconds, type TimerHandle } from '../clock.ts';
import { KeyRingError } from './errors.ts';
import { type KeyRingOptions, type KeyView, type Rotation, timesOf } from './options.ts';
import { RootKeyCache } from './root-key-cache.ts';
import {
  advance,
  firstRing,
  keyIn,
  promote,
  promotesAt,
  publish,
  type RotationTimes,
  removedAt,
  type Step,
} from './rotation.ts';
import { serializeRing } from './stored-ring.ts';
import type { KeyState, StoredKey, StoredKeyRing } from './types.ts';

const STATES: readonly KeyState[] = ['active', 'next', 'retired'];

function asKeyRingError(error: unknown): KeyRingError {
  if (error instanceof KeyRingError) return error;
  return new KeyRingError('keys_unavailable', 'the key store failed');
}

/** Our own keys, in memory; the store is asked only by `tick` and `rotate`. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #times: RotationTimes;
  readonly #cache = new RootKeyCache(1000);
  #ring: StoredKeyRing;
  #byKid: ReadonlyMap<string, StoredKey> = new Map();
  #problem: KeyRingError | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: TimerHandle | undefined;
  #running = false;

  /** Use `openKeyRing`. */
  constructor(options: KeyRingOptions, times: RotationTimes, ring: StoredKeyRing) {
    this.#options = options;
    this.#times = times;
    this.#ring = ring;
    this.#adopt(ring);
  }

  /** The key that signs now. */
  active(): { readonly kid: string } {
    return { kid: keyIn(this.#ring, 'active')!.kid };
  }

  /**
   * The root key of macaroons of one kid and audience, whatever the key's state.
   *
   * @returns 32 bytes, shared: not to be changed. undefined for an unknown kid, or an audience over 1003 bytes
   */
  rootKey(kid: string, audience: string): Uint8Array | undefined {
    const key = this.#byKid.get(kid);
    return key && this.#cache.get(key, audience);
  }

  /** What lets the verifiers of one audience check its macaroons offline: the active key first. */
  resourceKeys(audience: string): { readonly kid: string; readonly key: string; readonly state: KeyState }[] {
    return this.#sorted().flatMap((k) => {
      const key = this.#cache.get(k, audience);
      return key ? [{ kid: k.kid, key: Buffer.from(key).toString('base64url'), state: k.state }] : [];
    });
  }

  states(): KeyView[] {
    return this.#sorted().map((k) => {
      const view = { kid: k.kid, state: k.state, createdAt: k.createdAt };
      const times = { activatedAt: k.activatedAt, retiredAt: k.retiredAt };
      const removed = removedAt(k, this.#times);
      return {
        ...view,
        ...times,
        ...(k.state === 'next' && { promotesAt: promotesAt(k, this.#times) }),
        ...(removed !== undefined && { removedAt: removed }),
      };
    });
  }

  /** What the last look at the store met with, for readiness and status. */
  problem(): KeyRingError | undefined {
    return this.#problem;
  }

  /**
   * Looks at the store (another writer's changes are taken over; lost, damaged, foreign or older keys are written
   * back) and does what the schedule says. Never rejects: problems go to `onProblem` and `problem()`.
   */
  tick(): Promise<void> {
    return this.#exclusively(async () => {
      try {
        await this.#synchronise();
        if (this.#mayWrite()) {
          await this.#commit(advance(this.#ring, epochSeconds(this.#options.clock), this.#times, this.#options.random));
        }
        this.#problem = undefined;
      } catch (error) {
        this.#report(asKeyRingError(error));
      }
    });
  }

  /**
   * Rotates on demand: publishes a next key if there is none, else lets it sign once it has been published long enough.
   *
   * @param options `now`: sign with a new key at once. Verifiers that cache keys refuse its tokens until they ask again
   * @throws KeyRingError keys_conflict where this process may not write or another was faster; keys_unavailable
   */
  rotate(options: { readonly now?: boolean } = {}): Promise<Rotation> {
    return this.#exclusively(async () => {
      if (!this.#mayWrite()) throw new KeyRingError('keys_conflict', 'another process rotates the keys');
      await this.#synchronise();
      const now = epochSeconds(this.#options.clock);
      const published = publish(this.#ring, now, this.#options.random);
      const waiting = keyIn(published.ring, 'next')!;
      const due = options.now === true || now >= promotesAt(waiting, this.#times);
      const promoted = due ? promote(published.ring, now) : published;
      const changes = due ? [...published.changes, ...promoted.changes] : published.changes;
      await this.#commit({ ring: { ...promoted.ring, revision: this.#ring.revision + 1 }, changes });
      return due ? { changes } : { changes, next: { kid: waiting.kid, promotesAt: promotesAt(waiting, this.#times) } };
    });
  }

  /** Ticks every `checkEvery` until `close`. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#schedule();
  }

  /** Resolves when nothing of ours touches the store any more. */
  async close(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    await this.#turn;
  }

  toJSON(): unknown {
    return { keys: this.states() };
  }

  [inspect.custom](): string {
    return `KeyRing { active: ${this.active().kid}, keys: ${this.#ring.keys.length} }`;
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimer(() => {
      void this.tick().then(() => {
        if (this.#running) this.#schedule();
      });
    }, this.#options.checkEvery ?? 30_000);
  }

  #mayWrite(): boolean {
    return this.#options.mayWrite?.() ?? true;
  }

  #sorted(): StoredKey[] {
    return STATES.flatMap((state) => this.#ring.keys.filter((k) => k.state === state));
  }

  #adopt(ring: StoredKeyRing): void {
    this.#ring = ring;
    this.#byKid = new Map(ring.keys.map((k) => [k.kid, k]));
    this.#cache.clear();
  }

  #report(error: KeyRingError): void {
    this.#problem = error;
    this.#options.onProblem?.(error);
  }

  /** One task at a time, in order: a rotation never meets a half-done tick. */
  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #synchronise(): Promise<void> {
    let stored: StoredKeyRing | undefined;
    try {
      stored = await this.#options.store.load();
    } catch (error) {
      const known = asKeyRingError(error);
      if (known.code !== 'keys_lost' && known.code !== 'keys_damaged') throw known;
      return await this.#writeBack(known);
    }
    if (!stored) return await this.#writeBack(new KeyRingError('keys_lost', 'the stored keys are gone'));
    if (stored.id !== this.#ring.id) {
      return await this.#writeBack(new KeyRingError('keys_foreign', 'the stored keys are of another installation'));
    }
    if (stored.revision < this.#ring.revision) {
      return await this.#writeBack(new KeyRingError('keys_foreign', 'the stored keys are an older copy'));
    }
    // Of one revision there are two where a file store met two writers at once: what is stored is what all will read.
    // Nothing that signed is lost by it, for a key signs only long after both could read it.
    if (stored.revision > this.#ring.revision || serializeRing(stored) !== serializeRing(this.#ring)) {
      this.#adopt(stored);
      // Not a key signs here that no record names, whoever wrote it.
      this.#options.onChange?.({ action: 'adopted', kid: this.active().kid });
    }
  }

  async #writeBack(why: KeyRingError): Promise<void> {
    if (!this.#mayWrite()) throw why;
    await this.#options.store.restore(this.#ring);
    this.#options.onProblem?.(why);
    this.#options.onChange?.({ action: 'restored', kid: this.active().kid });
  }

  async #commit(step: Step): Promise<void> {
    if (step.changes.length === 0) return;
    // Stored before it is used: what signs or is published survives a crash in between.
    if (!(await this.#options.store.save(step.ring, this.#ring.revision))) {
      throw new KeyRingError('keys_conflict', 'another process changed the keys');
    }
    this.#adopt(step.ring);
    for (const change of step.changes) this.#options.onChange?.(change);
  }
}

/**
 * Opens the stored keys, or creates the first ones where there never were any.
 *
 * @throws KeyRingError invalid_option; keys_lost, keys_damaged, keys_exposed, keys_unavailable from the store
 */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const times = timesOf(options);
  let ring = await options.store.load();
  if (!ring) {
    const first = firstRing(epochSeconds(options.clock), options.random);
    const won = await options.store.create(first);
    ring = won ? first : await options.store.load();
    if (!ring) throw new KeyRingError('keys_unavailable', 'the keys that another process created cannot be read');
    if (won) options.onChange?.({ action: 'created', kid: first.keys[0]!.kid });
  }
  const opened = new KeyRing(options, times, ring);
  await opened.tick();
  return opened;
}
