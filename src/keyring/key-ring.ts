import { inspect } from 'node:util';
import { epochSeconds, type TimerHandle } from '../clock.ts';
import { KeyRingError } from './errors.ts';
import { HeldKeys } from './held-keys.ts';
import { type KeyRingOptions, type KeyView, type RotateOptions, type Rotation, viewOf } from './options.ts';
import { advance, keyIn, promote, promotesAt, publish, type RotationTimes, type Step, withRoom } from './rotation.ts';
import { serializeRing } from './stored-ring.ts';
import type { JwtAlgorithm, StoredKey, StoredKeyRing } from './types.ts';

/** What is stored, and is not what this process serves. */
const SPOILT: readonly string[] = ['keys_lost', 'keys_damaged', 'keys_foreign'];

function asKeyRingError(error: unknown): KeyRingError {
  if (error instanceof KeyRingError) return error;
  return new KeyRingError('keys_unavailable', 'the key store failed');
}

/** Our own keys, in memory; the store is asked only by `tick` and `rotate`. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #times: RotationTimes;
  #held: HeldKeys;
  /** When each key that does not sign yet was first seen to be published, by the monotonic clock. */
  #seen: ReadonlyMap<string, number> = new Map();
  #problem: KeyRingError | undefined;
  /** monotonic() when what is stored was first seen not to be ours. */
  #spoiltSince: number | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: TimerHandle | undefined;
  #running = false;

  /** Use `openKeyRing`. */
  constructor(options: KeyRingOptions, times: RotationTimes, ring: StoredKeyRing) {
    this.#options = options;
    this.#times = times;
    this.#held = new HeldKeys(ring);
    this.#adopt(ring);
  }

  get #ring(): StoredKeyRing {
    return this.#held.ring;
  }

  /** The key that signs macaroons now. */
  active(): { readonly kid: string } {
    return { kid: this.#held.active.kid };
  }

  /** Whether there is such a key, in whatever state. */
  knows(kid: string): boolean {
    return this.#held.knows(kid);
  }

  /**
   * The root key of macaroons of one kid and audience, whatever the key's state.
   *
   * @returns 32 bytes, shared: not to be changed. undefined for an unknown kid, or an audience over 1003 bytes
   */
  rootKey(kid: string, audience: string): ReturnType<HeldKeys['rootKey']> {
    return this.#held.rootKey(kid, audience);
  }

  /** What lets the verifiers of one audience check its macaroons offline: the active key first. */
  resourceKeys(audience: string): ReturnType<HeldKeys['resourceKeys']> {
    return this.#held.resourceKeys(audience);
  }

  /** What signs JWTs now, with the id that it has in `jwks()`; undefined where the active key has none for `algorithm`. */
  signingKey(algorithm: JwtAlgorithm): ReturnType<HeldKeys['signingKey']> {
    return this.#held.signingKey(algorithm);
  }

  /** The public key of an id that stands in `jwks()`, whatever its state. */
  verificationKey(kid: string): ReturnType<HeldKeys['verificationKey']> {
    return this.#held.verificationKey(kid);
  }

  /** Every public key (RFC 7517 §5): those that sign, that will, and that did while a token of theirs may live. */
  jwks(): ReturnType<HeldKeys['jwks']> {
    return this.#held.jwks();
  }

  states(): KeyView[] {
    return this.#held.sorted.map((key) => viewOf(key, this.#times));
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
        this.#spoiltSince = undefined;
        if (this.#mayWrite()) {
          const now = epochSeconds(this.#options.clock);
          const mayPromote = (next: StoredKey) => this.#mayPromote(next, now);
          await this.#commit(await advance(this.#ring, now, this.#times, this.#options, mayPromote));
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
   * @throws KeyRingError keys_full where too many keys are kept already; keys_conflict where this process may not write or another was faster; keys_unavailable
   */
  rotate({ now: hurry = false, publishedFor = 0 }: RotateOptions = {}): Promise<Rotation> {
    return this.#exclusively(async () => {
      if (!this.#mayWrite()) throw new KeyRingError('keys_conflict', 'another process rotates the keys');
      await this.#synchronise();
      const now = epochSeconds(this.#options.clock);
      const published = await publish(withRoom(this.#ring), now, this.#options);
      const waiting = keyIn(published.ring, 'next')!;
      const due = (hurry && this.#seenFor(waiting) >= publishedFor) || this.#mayPromote(waiting, now);
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

  /** Seconds since this process first saw a key published. */
  #seenFor({ kid }: StoredKey): number {
    const now = this.#options.clock.monotonic();
    return (now - (this.#seen.get(kid) ?? now)) / 1000;
  }

  /** Whoever published it may have had a clock that is behind ours: then its lead has not passed though our clock says so. */
  #mayPromote(next: StoredKey, now: number): boolean {
    const { clockSkew = 0 } = this.#options;
    const due = promotesAt(next, this.#times);
    return now >= due + clockSkew || (now >= due && this.#seenFor(next) >= this.#times.lead);
  }

  #adopt(ring: StoredKeyRing): void {
    const now = this.#options.clock.monotonic();
    const waiting = ring.keys.filter(({ state }) => state === 'next');
    this.#seen = new Map(waiting.map(({ kid }) => [kid, this.#seen.get(kid) ?? now]));
    this.#held = new HeldKeys(ring);
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
      if (!SPOILT.includes(known.code)) throw known;
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
    if (stored === this.#ring) return;
    if (stored.revision > this.#ring.revision || serializeRing(stored) !== serializeRing(this.#ring)) {
      this.#adopt(stored);
      // Not a key signs here that no record names, whoever wrote it.
      this.#options.onChange?.({ action: 'adopted', kid: this.active().kid });
    }
  }

  /** A leader that has no keys itself can write none back: whoever has them does, when it has had its time. */
  #hasWaited(): boolean {
    const now = this.#options.clock.monotonic();
    this.#spoiltSince ??= now;
    return (now - this.#spoiltSince) / 1000 >= (this.#options.writeBackAfter ?? Number.POSITIVE_INFINITY);
  }

  async #writeBack(why: KeyRingError): Promise<void> {
    if (!this.#mayWrite() && !this.#hasWaited()) throw why;
    await this.#options.store.restore(this.#ring);
    // What to do about it is done: whoever reads the log has only to find out how it came about.
    const what = why.message.replace(/: put (it|ours) back.*$/s, '');
    this.#options.onProblem?.(new KeyRingError(why.code, `${what}: the same keys were written back`));
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
