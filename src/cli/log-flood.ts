/** What keeps a log readable while one thing goes wrong a thousand times. */
import type { Clock, TimerHandle } from '../clock.ts';
import type { LogFields, LogLevel } from './log.ts';

/** Milliseconds. */
const WINDOW = 60_000;
/** Messages of one kind in a window. */
const FAILURES = 20;
const OTHERS = 1_000;
/** Kinds that are told apart; beyond, those of one level are one. */
const MAX_KINDS = 256;

interface Kind {
  count: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly timer: TimerHandle;
}

export class Flood {
  readonly #clock: Clock;
  readonly #write: (level: LogLevel, message: string, fields: LogFields) => void;
  readonly #kinds = new Map<string, Kind>();

  constructor(clock: Clock, write: (level: LogLevel, message: string, fields: LogFields) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Whether to write it; what is not written is counted, and the count is written in the end. */
  admits(level: LogLevel, message: string, fields: LogFields): boolean {
    const key = this.#keyOf(level, message, fields);
    const kind = this.#kinds.get(key);
    if (kind) {
      kind.count += 1;
      return kind.count <= limitOf(level);
    }
    const timer = this.#clock.setTimer(() => this.#end(key), WINDOW);
    this.#kinds.set(key, { count: 1, level, message: key.slice(level.length + 1), timer });
    return true;
  }

  flush(): void {
    for (const key of [...this.#kinds.keys()]) this.#end(key);
  }

  #end(key: string): void {
    const kind = this.#kinds.get(key);
    if (!kind) return;
    kind.timer.cancel();
    this.#kinds.delete(key);
    const held_back = kind.count - limitOf(kind.level);
    if (held_back > 0) this.#write(kind.level, kind.message, { held_back, of_seconds: WINDOW / 1000 });
  }

  /** What differs between two messages of a kind stands in their fields too. */
  #keyOf(level: LogLevel, message: string, fields: LogFields): string {
    let text = message.slice(0, 1_000);
    for (const value of Object.values(fields)) {
      if (typeof value === 'string' && value.length > 2) text = text.replaceAll(value, '…');
    }
    const key = `${level} ${text}`;
    return this.#kinds.size < MAX_KINDS || this.#kinds.has(key) ? key : `${level} … (and others)`;
  }
}

function limitOf(level: LogLevel): number {
  return level === 'warn' || level === 'error' ? FAILURES : OTHERS;
}
