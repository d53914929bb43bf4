import { CaveatError } from './errors.ts';

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const INTEGER = /^(?:0|[1-9]\d{0,15})$/;

/** An integer from 0 to 2^53-1, without sign or leading zeros. */
export function parseInteger(text: string): number {
  const value = INTEGER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new CaveatError('caveat_value', 'the value must be an integer, 0 to 2^53-1');
  return value;
}

/** `YYYY-MM-DDTHH:MM:SSZ`, a date that exists, as seconds since the epoch. */
export function parseTime(text: string): number {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse turns 30 February into 2 March, and 24:00:00 into the next day.
  if (Number.isNaN(ms) || formatTime(ms / 1000) !== text) {
    throw new CaveatError('caveat_value', 'the value must be a time as 2026-01-31T12:00:00Z');
  }
  return ms / 1000;
}

/** A token's expiry is written, read and shown again in a row. */
let latest = { seconds: Number.NaN, text: '' };

/** @param seconds whole seconds since the epoch, years 0000 to 9999. */
export function formatTime(seconds: number): string {
  if (latest.seconds !== seconds) latest = { seconds, text: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` };
  return latest.text;
}

/** The items of an `in`: separated by `,`, each non-empty and without a space at either end. */
export function parseItems(text: string): readonly string[] {
  const items = text.split(',');
  if (items.some((item) => item === '' || item.startsWith(' ') || item.endsWith(' '))) {
    throw new CaveatError('caveat_value', 'the items must be separated by a comma alone, and none be empty');
  }
  return items;
}
