/** The operator's log: one line an event, on standard error. */
import type { Clock } from '../clock.ts';

export type LogLevel = 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean>>;
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

const MAX_VALUE = 500;

/** Writes `time level message key=value…`; values of strangers are quoted and capped, so that a line stays one. */
export function createLog(stream: NodeJS.WritableStream, clock: Clock): Log {
  return (level, message, fields = {}) => {
    const pairs = Object.entries(fields).map(([key, value]) => `${key}=${shown(value)}`);
    stream.write(`${[new Date(clock.now()).toISOString(), level, shownMessage(message), ...pairs].join(' ')}\n`);
  };
}

function shown(value: string | number | boolean): string {
  const text = String(value).slice(0, MAX_VALUE);
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text);
}

function shownMessage(message: string): string {
  return message.slice(0, MAX_VALUE * 2).replace(/\p{Cc}/gu, ' ');
}
