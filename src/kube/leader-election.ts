/**
 * One leader among replicas, by a Lease. A replica holds itself leader only for `renewDeadlineMs` after it sent the
 * renewal that succeeded; others take over `leaseDurationMs` after they last saw the Lease change, by their own monotonic
 * clocks. Wall clocks decide nothing. What a leader writes is fenced by resourceVersions all the same: a process may be
 * stopped between its check and its write, and somebody may delete the Lease.
 */
import type { Clock, TimerHandle } from '../clock.ts';
import { Lease } from './lease.ts';
import type { KubeClient } from './types.ts';
import { fraction } from './waits.ts';

export interface ElectionTimings {
  /** Milliseconds after which a Lease that does not change may be taken. Whole seconds. Default 15,000. */
  readonly leaseDurationMs: number;
  /** Milliseconds for which a leader that cannot renew stays one. Default 10,000. */
  readonly renewDeadlineMs: number;
  /** Milliseconds between attempts. Default 2,000. */
  readonly retryPeriodMs: number;
  /** Milliseconds for one request. Default 2,500. */
  readonly requestTimeoutMs: number;
}

export interface LeaderElectorOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly clock: Clock;
  /** `n` random bytes: replicas that started together do not ask together. */
  readonly random: (n: number) => Uint8Array;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process, as `<pod>_<uuid>`. */
  readonly identity: string;
  readonly timings?: Partial<ElectionTimings>;
  /**
   * The leader's work. Called when a term begins; `term` fires when it is over. The next term begins, and the Lease is
   * released, only after what it returns has settled. If it rejects, the Lease is given up.
   */
  readonly lead: (term: AbortSignal) => Promise<void> | void;
  /** Whether this process is fit to lead; while not, the Lease is left to others. Default: always. */
  readonly mayLead?: () => boolean;
  /** A new holder, or none; and whether that is us. */
  readonly onChange?: (state: { readonly leading: boolean; readonly holder: string | undefined }) => void;
  /** A request that failed, or the work did. */
  readonly onError?: (error: unknown) => void;
}

const DEFAULTS: ElectionTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
  requestTimeoutMs: 2_500,
};

export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #clock: Clock;
  readonly #timings: ElectionTimings;
  readonly #lease: Lease;
  /** monotonic() when the last renewal that succeeded was sent. */
  #renewedAt = Number.NEGATIVE_INFINITY;
  #term: { readonly abort: AbortController; readonly work: Promise<void> } | undefined;
  /** The work of the last term, while it still winds down. */
  #windingDown: Promise<void> | undefined;
  /** The work failed: let another try. */
  #resigning = false;
  #timer: TimerHandle | undefined;
  #watchdog: TimerHandle | undefined;
  #attempt: Promise<void> = Promise.resolve();
  #stopped = true;
  #reported = '';

  /** @throws RangeError where the timings would allow two leaders */
  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#timings = { ...DEFAULTS, ...options.timings };
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, requestTimeoutMs } = this.#timings;
    if (!(Math.min(retryPeriodMs, requestTimeoutMs) > 0)) throw new RangeError('election timings must be positive');
    if (requestTimeoutMs > renewDeadlineMs / 2) throw new RangeError('requestTimeoutMs exceeds renewDeadlineMs / 2');
    if (!(renewDeadlineMs + requestTimeoutMs + retryPeriodMs < leaseDurationMs))
      throw new RangeError('renewDeadlineMs + requestTimeoutMs + retryPeriodMs must be less than leaseDurationMs');
    if (leaseDurationMs % 1000 !== 0) throw new RangeError('leaseDurationMs must be whole seconds');
    this.#lease = new Lease({ ...options, leaseDurationMs, requestTimeoutMs });
  }

  /** Whether this process may write as the leader now. Ask before each write: the event loop may have stood still. */
  isLeader(): boolean {
    return this.#term !== undefined && this.#isFresh() && this.#mayLead();
  }

  /** Who held the Lease when it was last seen. */
  get holder(): string | undefined {
    return this.#lease.holder;
  }

  /** How often the Lease has changed hands. */
  get transitions(): number {
    return this.#lease.transitions;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#schedule(0);
  }

  /**
   * Ends the term, waits for its work, and releases the Lease so that another need not wait. If the work does not end
   * while the Lease is ours, the Lease is left to expire. Resolves within `renewDeadlineMs` and a few requests.
   */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    this.#endTerm();
    await this.#attempt;
    this.#endTerm();
    await this.#woundDown();
    await this.#release();
    this.#report();
  }

  #mayLead(): boolean {
    return this.#options.mayLead?.() ?? true;
  }

  #isFresh(): boolean {
    return this.#freshFor() > 0;
  }

  /** Milliseconds for which the last renewal still counts. */
  #freshFor(): number {
    return this.#renewedAt + this.#timings.renewDeadlineMs - this.#clock.monotonic();
  }

  #schedule(ms: number): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimer(() => {
      this.#attempt = this.#tryOnce().then(() => {
        const { retryPeriodMs } = this.#timings;
        this.#schedule(this.isLeader() ? retryPeriodMs : retryPeriodMs * (1 + fraction(this.#options.random) / 5));
      });
    }, ms);
  }

  /** Never rejects. */
  async #tryOnce(): Promise<void> {
    try {
      if (!this.#isFresh()) this.#endTerm();
      if (this.#term && !this.#mayLead()) {
        this.#resigning = true;
        this.#endTerm();
      }
      // The Lease is not ours to take while the last term's work may still write.
      if (this.#windingDown) return;
      if (this.#resigning) return await this.#release();
      // A leader knows its Lease; if another touched it, that shows as a conflict.
      if (this.#term && (await this.#hold())) return;
      await this.#lease.look();
      if (this.#lease.isFree && !this.#stopped && this.#mayLead()) await this.#hold();
    } catch (error) {
      this.#options.onError?.(error);
    } finally {
      if (!this.#isFresh() || !this.#lease.isOurs) this.#endTerm();
      this.#report();
    }
  }

  async #hold(): Promise<boolean> {
    // From before it is sent: others may count from the moment it arrives.
    const sentAt = this.#clock.monotonic();
    if (!(await this.#lease.hold())) return false;
    this.#renewedAt = sentAt;
    this.#watchdog?.cancel();
    this.#watchdog = this.#clock.setTimer(
      () => {
        this.#endTerm();
        this.#report();
      },
      Math.max(0, this.#freshFor()),
    );
    if (!this.#term && this.#isFresh() && !this.#stopped) this.#beginTerm();
    return true;
  }

  #beginTerm(): void {
    const abort = new AbortController();
    const work = Promise.resolve()
      .then(() => this.#options.lead(abort.signal))
      .catch((error: unknown) => {
        this.#options.onError?.(error);
        if (abort.signal.aborted) return;
        this.#resigning = true;
        this.#endTerm();
        this.#report();
      });
    this.#term = { abort, work };
  }

  #endTerm(): void {
    const term = this.#term;
    if (!term) return;
    this.#term = undefined;
    this.#watchdog?.cancel();
    this.#windingDown = term.work.then(() => {
      this.#windingDown = undefined;
    });
    term.abort.abort();
  }

  /** Waits for the last term's work, but no longer than the Lease is ours. */
  async #woundDown(): Promise<void> {
    if (!this.#windingDown) return;
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(late.resolve, Math.max(0, this.#freshFor()));
    await Promise.race([this.#windingDown, late.promise]);
    timer.cancel();
  }

  /** Releases the Lease if it is surely ours and nothing works under it. */
  async #release(): Promise<void> {
    this.#resigning = false;
    if (this.#windingDown || !this.#isFresh() || !this.#lease.isOurs) return;
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    try {
      await this.#lease.release();
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  #report(): void {
    const state = { leading: this.isLeader(), holder: this.holder };
    const text = JSON.stringify(state);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#options.onChange?.(state);
  }
}
