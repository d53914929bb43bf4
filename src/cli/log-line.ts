/** One event as one line: bounded, of printable characters, and without anything that looks like a credential. */
import type { LogFields, LogLevel } from './log.ts';

export interface LogEntry {
  /** RFC 3339 with milliseconds. */
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Characters. */
const MAX_MESSAGE = 1_000;
const MAX_VALUE = 500;
const MAX_NAME = 64;
const MAX_FIELDS = 32;

/** Controls, line ends, what turns the direction of writing, halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;
/** Compact JWTs, whole or cut; PEM; and runs longer than any digest or id of ours: macaroons. */
const SECRET = /\beyJ[\w-]*(?:\.[\w-]*){0,4}|-----BEGIN.*|[\w+=-]{100,}/g;

const RESET = '\x1b[0m';
const COLORS: Readonly<Record<LogLevel, string>> = {
  debug: '\x1b[2m',
  info: '\x1b[32m',
  warn: '\x1b[33m',
  error: '\x1b[31m',
};

/** `{"time","level","message",…fields}`: a field of one of these names gets an underscore. */
export function jsonLine({ time, level, message, fields }: LogEntry): string {
  const members = pairsOf(fields).map(([name, value]) => [name in RESERVED ? `${name}_` : name, value]);
  return `${JSON.stringify({ time, level, message: clean(message, MAX_MESSAGE), ...Object.fromEntries(members) })}\n`;
}

const RESERVED = { time: 0, level: 0, message: 0, __proto__: null };

/** `time level message name=value…`. Values with spaces or quotes in them are JSON strings. */
export function textLine({ time, level, message, fields }: LogEntry, color: boolean): string {
  const pairs = pairsOf(fields).map(([name, value]) => `${name}=${shown(value)}`);
  const shownLevel = color ? `${COLORS[level]}${level}${RESET}` : level;
  return `${[time, shownLevel, clean(message, MAX_MESSAGE), ...pairs].join(' ')}\n`;
}

function pairsOf(fields: LogFields): [string, string | number | boolean][] {
  return Object.entries(fields)
    .slice(0, MAX_FIELDS)
    .map(([name, value]) => [
      clean(name, MAX_NAME).replaceAll(/[^\w.-]/g, '_'),
      typeof value === 'string' ? clean(value, MAX_VALUE) : value,
    ]);
}

/** Cut before anything walks over it: the text may be a stranger's. */
function clean(text: string, limit: number): string {
  return text.slice(0, limit).replaceAll(UNPRINTABLE, ' ').replaceAll(SECRET, '[removed]');
}

function shown(value: string | number | boolean): string {
  const text = String(value);
  return /^[\w.:/@+[\]-]+$/.test(text) ? text : JSON.stringify(text);
}
