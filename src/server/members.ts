/** Typed reading of a JSON object's members. Names are untrusted: only own members are ever seen. */
import type { JsonObject } from '../jws/index.ts';
import { invalidRequest } from './errors.ts';

const SHOWN = 64;

/** Refuses members that no one reads: one that was meant to narrow must not be ignored. */
export function onlyKnown(body: JsonObject, known: ReadonlySet<string>): void {
  for (const name of Object.keys(body)) {
    if (!known.has(name)) {
      throw invalidRequest(`unknown member ${name.slice(0, SHOWN)}; known are ${[...known].join(', ')}`);
    }
  }
}

function member(body: JsonObject, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

/**
 * A member that is a string of 1 to `max` characters, well-formed Unicode without control characters.
 * @throws ServerError `invalid_request`
 */
export function text(body: JsonObject, name: string, max: number): string | undefined {
  const value = member(body, name);
  if (value === undefined) return undefined;
  if (!isText(value, max))
    throw invalidRequest(`${name} must be a string of 1 to ${max} characters, none of them control characters`);
  return value;
}

/** A member that is a list of at most `count` such strings. */
export function texts(body: JsonObject, name: string, count: number, max: number): readonly string[] | undefined {
  const value = member(body, name);
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > count || !value.every((item) => isText(item, max))) {
    throw invalidRequest(`${name} must be a list of at most ${count} strings of 1 to ${max} characters`);
  }
  return value;
}

/** What nearly every text is. */
const PLAIN = /^[ -~]*$/;

function isText(value: unknown, max: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > max) return false;
  if (PLAIN.test(value)) return true;
  if (!value.isWellFormed()) return false;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c < 0x20 || c === 0x7f) return false;
  }
  return true;
}

/** A member that is a whole number from `min` to 2^53-1. */
export function whole(body: JsonObject, name: string, min: number): number | undefined {
  const value = member(body, name);
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < min) {
    throw invalidRequest(`${name} must be a whole number of at least ${min}`);
  }
  return value as number;
}

/** A member that is itself an object. */
export function object(body: JsonObject, name: string): JsonObject | undefined {
  const value = member(body, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidRequest(`${name} must be an object`);
  }
  return value as JsonObject;
}

/** A length of time: whole seconds, or hours, minutes and seconds as policies write them (`8h`, `1h30m`). In seconds. */
export function duration(body: JsonObject, name: string): number | undefined {
  const value = member(body, name);
  if (value === undefined) return undefined;
  const seconds = typeof value === 'string' ? parseDuration(value) : value;
  if (!Number.isSafeInteger(seconds) || (seconds as number) < 1) {
    throw invalidRequest(`${name} must be whole seconds or a duration such as 8h, 90m or 1h30m`);
  }
  return seconds as number;
}

function parseDuration(value: string): number | undefined {
  if (value.length < 2 || value.length > 20) return undefined;
  const parts = /^(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?$/.exec(value);
  if (!parts) return undefined;
  const [, hours = '0', minutes = '0', seconds = '0'] = parts;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** A scope token (RFC 6749 §3.3). */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const SCOPES = 64;
const SCOPE_LENGTH = 256;

/** Scopes, as the list `scopes` or the space-delimited string `scope`, not both; never none. */
export function scopes(body: JsonObject): readonly string[] | undefined {
  const list = texts(body, 'scopes', SCOPES, SCOPE_LENGTH);
  const line = text(body, 'scope', SCOPES * SCOPE_LENGTH);
  if (list && line !== undefined) throw invalidRequest('send scopes or scope, not both');
  const asked = list ?? line?.split(' ');
  if (!asked) return undefined;
  if (asked.length === 0 || asked.length > SCOPES || !asked.every((s) => SCOPE_TOKEN.test(s))) {
    throw invalidRequest(
      `ask for 1 to ${SCOPES} scopes of visible ASCII without quotes and backslashes, or leave them out`,
    );
  }
  return [...new Set(asked)];
}
