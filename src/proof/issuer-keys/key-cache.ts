/** The keys of one source: loaded once for all who ask, refreshed in the background, kept while that fails. */
import type { Clock, TimerHandle } from '../../clock.ts';
import type { ProofAlgorithm } from '../../identity.ts';
import { JwsError, type PublicKey } from '../../jws/index.ts';
import { ProofError } from '../types.ts';
import { unlessAborted } from './abort.ts';
import { KeySourceError, printable } from './errors.ts';
import { readKeySet } from './key-set.ts';
import type { LoadedKeys, Source } from './sources.ts';

/** Milliseconds for one load: names, handshakes, redirects and all bodies. */
export const LOAD_DEADLINE = 8_000;
/** Milliseconds between two loads that unknown `kid`s bring about. */
export const KID_THROTTLE = 30_000;
const FIRST_BACKOFF = 1_000;
const MAX_BACKOFF = 60_000;
/** Keys to try for a token that names none. */
export const MAX_CANDIDATES = 8;

export interface KeyCacheOptions {
  readonly clock: Clock;
  readonly random: (n: number) => Uint8Array;
  readonly refreshSeconds: number;
  readonly maxKeyAgeSeconds: number;
  /** Numbers never given before: a source that was forgotten and comes back does not repeat a version. */
  readonly nextVersion: () => number;
}

export class KeyCache {
  readonly #source: Source;
  readonly #options: KeyCacheOptions;
  #keys: readonly PublicKey[] | undefined;
  #byKid: ReadonlyMap<string | undefined, readonly PublicKey[]> = new Map();
  #version = 0;
  #sequence: bigint | undefined;
  #refreshSeconds: number | undefined;
  #loadedAt = 0;
  #lastSuccess: number | undefined;
  #from: string;
  #error: string | undefined;
  #failures = 0;
  #retryAt = 0;
  #kidLoadAt = Number.NEGATIVE_INFINITY;
  #flight: Promise<void> | undefined;
  /** What is being loaded may be of before a change. */
  #again = false;
  #abort: AbortController | undefined;
  #timer: TimerHandle | undefined;
  #closed = false;

  constructor(source: Source, options: KeyCacheOptions) {
    this.#source = source;
    this.#options = options;
    this.#from = source.shown;
  }

  /** Changes whenever the usable keys do; 0 before there were any. */
  get version(): number {
    this.#dropOldKeys();
    return this.#version;
  }

  /** What an operator is told. */
  get state() {
    this.#dropOldKeys();
    return {
      source: this.#from,
      keys: this.#keys ?? [],
      lastSuccess: this.#lastSuccess,
      error: this.#error,
    };
  }

  /** Starts loading without anyone waiting for it. */
  start(): void {
    if (!this.#keys) void this.#load();
  }

  /** Loads anew: the source is known to have changed. */
  reload(): void {
    this.#again = this.#flight !== undefined;
    void this.#load();
  }

  /** The ConfigMap that the keys come from. */
  get configMap(): string | undefined {
    return this.#source.configMap;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#abort?.abort(new KeySourceError('closed', 'no longer needed'));
  }

  /**
   * The keys to try for a token.
   * @throws {ProofError} as `IssuerKeys.keysFor`
   */
  async candidates(kid: string | undefined, alg: ProofAlgorithm): Promise<readonly PublicKey[]> {
    this.#dropOldKeys();
    if (!this.#keys) {
      // The first asker waits; once the source has failed nobody does, until it is back.
      if (this.#failures === 0) await this.#load();
      if (!this.#keys) throw this.#outage();
    }
    // A key without a name may be meant by any.
    if (kid !== undefined && !this.#byKid.has(kid) && !this.#byKid.has(undefined)) await this.#loadForKid();
    const named = kid === undefined ? this.#keys : (this.#byKid.get(kid) ?? this.#byKid.get(undefined) ?? []);
    const fitting = named.filter((key) => key.algorithms.includes(alg)).slice(0, MAX_CANDIDATES);
    if (fitting.length > 0) return fitting;
    throw new ProofError('unknown_kid', 'the issuer has no key for this token');
  }

  /** An issuer may have a new key; whoever invents `kid`s must not make us ask each time. */
  async #loadForKid(): Promise<void> {
    if (!this.#source.changes) return;
    if (this.#failures === 0) {
      const now = this.#options.clock.monotonic();
      if (!this.#flight) {
        if (now - this.#kidLoadAt < KID_THROTTLE) return;
        this.#kidLoadAt = now;
      }
      await this.#load();
    }
    // Whether the key exists cannot be said now: an outage, not a bad token.
    if (this.#failures > 0) throw this.#outage();
  }

  #outage(): ProofError {
    const wait = this.#retryAt - this.#options.clock.monotonic();
    return new ProofError('keys_unavailable', "the issuer's keys cannot be had", {
      outage: true,
      retryAfter: Math.max(1, Math.ceil(wait / 1000)),
    });
  }

  /** One at a time, whoever asks; never rejects. */
  #load(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#flight ??= this.#run();
    return this.#flight;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    this.#timer?.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    const deadline = clock.setTimer(
      () => abort.abort(new KeySourceError('timeout', `no answer within ${LOAD_DEADLINE / 1000} s`)),
      LOAD_DEADLINE,
    );
    try {
      // A load that outlives its deadline has lost: the race is over, and what it brings changes nothing.
      const loaded = await unlessAborted(abort.signal, this.#source.load(abort.signal));
      this.#accept(loaded);
    } catch (error) {
      this.#refuse(error);
    } finally {
      deadline.cancel();
      this.#flight = undefined;
      this.#schedule();
      if (this.#again) this.reload();
    }
  }

  #accept({ jwks, from }: LoadedKeys): void {
    const { keys, ignored, sequence, refreshSeconds } = readKeySet(jwks, this.#source.isBundle);
    const { clock, nextVersion } = this.#options;
    this.#dropOldKeys();
    // One of several servers may lag, and whoever can replay what was served once must not bring back a withdrawn key.
    if (sequence !== undefined && this.#sequence !== undefined && sequence < this.#sequence) {
      throw new KeySourceError('older_bundle', `it has sequence ${sequence}, before ${this.#sequence} that is served`);
    }
    this.#sequence = sequence ?? this.#sequence;
    this.#refreshSeconds = refreshSeconds;
    if (!this.#keys || fingerprint(this.#keys) !== fingerprint(keys)) {
      this.#keys = keys;
      this.#byKid = Map.groupBy(keys, (key) => key.kid);
      this.#version = nextVersion();
    }
    this.#loadedAt = clock.monotonic();
    this.#lastSuccess = clock.now();
    this.#from = from;
    this.#failures = 0;
    const why = ignored[0] ? printable(ignored[0].reason) : 'the set is empty';
    this.#error = keys.length === 0 ? `no usable key: ${why}` : undefined;
  }

  #refuse(error: unknown): void {
    if (this.#closed) return;
    const known = error instanceof KeySourceError || error instanceof JwsError;
    const code = error instanceof JwsError ? 'bad_keys' : known ? error.code : 'unreachable';
    this.#error = `${code}: ${printable(error instanceof Error ? error.message : 'failed')}`;
    this.#failures++;
    if (this.#source.configMap !== undefined && (code === 'gone' || code === 'bad_keys')) this.#drop();
  }

  #schedule(): void {
    if (this.#closed || (this.#keys && !this.#source.changes)) return;
    const { clock, random } = this.#options;
    const refreshSeconds = this.#refreshSeconds ?? this.#options.refreshSeconds;
    const [byte = 0] = random(1);
    const backoff = Math.min(MAX_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(this.#failures - 1, 16));
    // Jitter keeps the replicas, and the issuers of one replica, from asking in step.
    const delay = this.#failures > 0 ? backoff * (1 - byte / 512) : refreshSeconds * 1000 * (1 - byte / 2560);
    this.#retryAt = clock.monotonic() + delay;
    this.#timer = clock.setTimer(() => void this.#load(), delay);
  }

  #dropOldKeys(): void {
    if (!this.#keys || !this.#source.changes) return;
    const { clock, maxKeyAgeSeconds } = this.#options;
    if (clock.monotonic() - this.#loadedAt < maxKeyAgeSeconds * 1000) return;
    this.#drop();
  }

  #drop(): void {
    if (!this.#keys) return;
    this.#keys = undefined;
    this.#byKid = new Map();
    this.#sequence = undefined;
    this.#version = this.#options.nextVersion();
  }
}

/** Equal for sets of the same keys under the same names, whatever their order. */
function fingerprint(keys: readonly PublicKey[]): string {
  const one = (key: PublicKey) => JSON.stringify([key.kid ?? null, key.issuer ?? null, key.thumbprint, key.algorithms]);
  return keys.map(one).sort().join('\n');
}
