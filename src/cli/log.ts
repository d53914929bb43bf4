/** The operator's log: one line an event, on standard error. Audit records are another stream, on standard output. */
import type { Clock } from '../clock.ts';
import { Flood } from './log-flood.ts';
import { jsonLine, textLine } from './log-line.ts';

/** In their order: a log of one level has those that follow, too. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export const LOG_FORMATS = ['auto', 'json', 'text'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = (typeof LOG_FORMATS)[number];
export type LogFields = Readonly<Record<string, string | number | boolean>>;
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

export interface LogOptions {
  readonly clock: Clock;
  /** `auto`, the default: text on a terminal, else JSON. */
  readonly format?: LogFormat;
  /** The least that is written; default `info`. */
  readonly level?: LogLevel;
  /** Whether a terminal may be coloured; default: unless NO_COLOR is set (no-color.org). */
  readonly color?: boolean;
  /** Told of each message of a level that is written, also of those held back because they repeat. */
  readonly onMessage?: (level: LogLevel) => void;
}

export interface Logger {
  readonly log: Log;
  /** What `auto` came to. */
  readonly format: Exclude<LogFormat, 'auto'>;
  /** Writes how many messages were held back. */
  close(): void;
}

/**
 * A log. What is said again and again is said 20 times a minute (info and debug: 1,000), then counted: a line at the end of
 * that minute has the number in `held_back`.
 */
export function createLog(stream: NodeJS.WritableStream & { isTTY?: boolean }, options: LogOptions): Logger {
  const { clock, format: asked = 'auto', level: least = 'info', color = !process.env.NO_COLOR, onMessage } = options;
  const isTerminal = stream.isTTY === true;
  const format = asked === 'auto' ? (isTerminal ? 'text' : 'json') : asked;
  const from = LOG_LEVELS.indexOf(least);
  const flood = new Flood(clock, write);

  function write(level: LogLevel, message: string, fields: LogFields): void {
    const entry = { time: new Date(clock.now()).toISOString(), level, message, fields };
    stream.write(format === 'json' ? jsonLine(entry) : textLine(entry, isTerminal && color));
  }

  return {
    format,
    log(level, message, fields = {}) {
      if (LOG_LEVELS.indexOf(level) < from) return;
      onMessage?.(level);
      if (flood.admits(level, message, fields)) write(level, message, fields);
    },
    close: () => flood.flush(),
  };
}
