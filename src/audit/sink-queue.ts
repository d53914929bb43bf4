import type { Clock, TimerHandle } from '../clock.ts';
import { markLate } from './encode.ts';
import { AuditError } from './errors.ts';
import { type AuditSink, failureOf } from './sink.ts';

/** Characters in one write: a queue of any length is written in pieces of this size. */
const MAX_BATCH = 1_048_576;

/** Characters that may wait: long records fill a queue before their number does. */
const MAX_WAITING = 67_108_864;

export interface SinkQueueOptions {
  readonly clock: Clock;
  /** Records that may wait, those being written included. */
  readonly maxQueue: number;
  readonly timeoutMs: number;
  readonly log: (message: string, level: 'info' | 'error') => void;
  /** Resolves when this turn of the event loop has brought all that it brings. */
  readonly turn: () => Promise<void>;
}

interface Entry {
  /** Emptied once written: the entry itself lives on until its deadline. */
  line: string;
  readonly deadline: number;
  readonly settle: (error?: AuditError) => void;
  settled: boolean;
}

export interface SinkStatus {
  readonly name: string;
  readonly ok: boolean;
  /** Records that wait or are being written. */
  readonly queued: number;
  /** Why it is not ok. */
  readonly failure?: string;
}

/**
 * The bounded queue of one sink. All records that come while a write is under way go in the next one, so a busy mint
 * makes few, large writes. A record that is not written in time is given up by its caller, and still written, marked
 * late, if the sink comes back: a record may stand without a token, never a token without a record.
 */
export class SinkQueue {
  readonly #sink: AuditSink;
  readonly #options: SinkQueueOptions;
  #waiting: Entry[] = [];
  #waitingChars = 0;
  #writing = 0;
  /** Entries in the order of their deadlines; those before `#overdueFrom` are done with. */
  #deadlines: Entry[] = [];
  #overdueFrom = 0;
  #timer: TimerHandle | undefined;
  #pump: Promise<void> | undefined;
  #failure: string | undefined;
  #closed = false;

  constructor(sink: AuditSink, options: SinkQueueOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Whether it takes no more. */
  get full(): boolean {
    return this.#closed || this.#queued >= this.#options.maxQueue || this.#waitingChars >= MAX_WAITING;
  }

  get #queued(): number {
    return this.#waiting.length + this.#writing;
  }

  status(): SinkStatus {
    const status = { name: this.#sink.name, ok: this.#failure === undefined, queued: this.#queued };
    return this.#failure === undefined ? status : { ...status, failure: this.#failure };
  }

  /** @throws AuditError audit_unavailable */
  push(line: string): Promise<void> {
    if (this.full) return Promise.reject(this.#unavailable('takes no more'));
    return new Promise((resolve, reject) => {
      const deadline = this.#options.clock.monotonic() + this.#options.timeoutMs;
      const settle = (error?: AuditError) => {
        if (entry.settled) return;
        entry.settled = true;
        if (error) reject(error);
        else resolve();
      };
      const entry: Entry = { line, deadline, settle, settled: false };
      this.#waiting.push(entry);
      this.#waitingChars += line.length;
      this.#deadlines.push(entry);
      this.#arm();
      this.#pump ??= this.#drain();
    });
  }

  /** Takes no more, gives what waits one more timeout to be written, then closes the sink. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#within(this.#pump);
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const entry of this.#deadlines) entry.settle(this.#unavailable('was closed'));
    this.#waiting = [];
    await this.#within(this.#sink.close());
  }

  async #within(work: Promise<void> | undefined): Promise<void> {
    if (!work) return;
    let timer: TimerHandle | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = this.#options.clock.setTimer(resolve, this.#options.timeoutMs);
    });
    await Promise.race([work.catch(() => undefined), timeout]);
    timer?.cancel();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // All requests that this turn of the event loop brought go in one write, also where writing is synchronous.
      await this.#options.turn();
      const batch = this.#nextBatch();
      const text = batch.map((e) => (e.settled ? markLate(e.line) : e.line)).join('');
      try {
        await this.#sink.write(text);
        this.#became(undefined);
        for (const entry of batch) entry.settle();
      } catch (error) {
        this.#became(failureOf(error));
        for (const entry of batch) entry.settle(this.#unavailable('failed'));
      }
      this.#writing = 0;
      this.#forget(batch);
    }
    this.#pump = undefined;
  }

  /** Settled entries wait for no deadline: kept until theirs passed, a busy second of them would be long-lived garbage. */
  #forget(batch: readonly Entry[]): void {
    for (const entry of batch) entry.line = '';
    while (this.#deadlines[this.#overdueFrom]?.settled) this.#overdueFrom++;
    if (this.#overdueFrom < this.#deadlines.length) return;
    this.#deadlines = [];
    this.#overdueFrom = 0;
  }

  #nextBatch(): Entry[] {
    let chars = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      if (count > 0 && chars + entry.line.length > MAX_BATCH) break;
      chars += entry.line.length;
      count++;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#waitingChars -= chars;
    this.#writing = count;
    return batch;
  }

  #arm(): void {
    if (this.#timer) return;
    const oldest = this.#deadlines[this.#overdueFrom];
    if (!oldest) return;
    const ms = Math.max(0, oldest.deadline - this.#options.clock.monotonic());
    this.#timer = this.#options.clock.setTimer(() => this.#expire(), ms);
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#options.clock.monotonic();
    while (this.#overdueFrom < this.#deadlines.length) {
      const entry = this.#deadlines[this.#overdueFrom]!;
      if (!entry.settled) {
        if (entry.deadline > now) break;
        this.#became('timeout');
        entry.settle(this.#unavailable('is too slow'));
      }
      this.#overdueFrom++;
    }
    this.#deadlines = this.#deadlines.slice(this.#overdueFrom);
    this.#overdueFrom = 0;
    this.#arm();
  }

  #unavailable(why: string): AuditError {
    return new AuditError('audit_unavailable', `the audit sink ${this.#sink.name} ${why}`);
  }

  /** Says so once when a sink fails and once when it recovers, not once a record. */
  #became(failure: string | undefined): void {
    if (failure === this.#failure) return;
    this.#failure = failure;
    const what = failure === undefined ? 'takes records again' : `takes no records: ${failure}`;
    this.#options.log(`the audit sink ${this.#sink.name} ${what}`, failure === undefined ? 'info' : 'error');
  }
}
