import { MacaroonError } from './errors.ts';
import { MAX_CAVEATS } from './limits.ts';

/** What a macaroon says of itself, under the chain. Members in this order, compact JSON, UTF-8. */
export interface Identifier {
  readonly v: 1;
  /** Which master key. */
  readonly kid: string;
  /** The audience of the resource it is for. */
  readonly aud: string;
  /** Unique per token. */
  readonly jti: string;
  /** The grant: what a budget is counted on. */
  readonly gid: string;
  /** The uid of the policy it was issued under. */
  readonly pol: string;
  /** The uid of the agent's registration; null where none was read. */
  readonly agt: string | null;
  /** The tenant. */
  readonly ten: string;
  /** The subject. */
  readonly sub: string;
  /** Issued at: seconds since the epoch. */
  readonly iat: number;
  /** How many leading caveats the issuer placed. */
  readonly n: number;
}

type Check = (value: unknown) => boolean;

const PRINTABLE = /^[\x20-\x7e]+$/;
const CONTROL = /\p{Cc}/u;

const ascii =
  (max: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= max && PRINTABLE.test(value) && value.trim() === value;
const subject: Check = (value) =>
  typeof value === 'string' && value.length > 0 && value.length <= 2048 && value.isWellFormed() && !CONTROL.test(value);
const integer =
  (min: number, max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;

const members: readonly (readonly [keyof Identifier, Check])[] = [
  ['v', (value) => value === 1],
  ['kid', ascii(128)],
  ['aud', ascii(512)],
  ['jti', ascii(128)],
  ['gid', ascii(128)],
  ['pol', ascii(128)],
  ['agt', (value) => value === null || ascii(128)(value)],
  ['ten', ascii(128)],
  ['sub', subject],
  ['iat', integer(0, Number.MAX_SAFE_INTEGER)],
  ['n', integer(1, MAX_CAVEATS)],
];

/**
 * @throws MacaroonError `identifier` where a member is missing, of another type, or too long.
 */
export function encodeIdentifier(identifier: Identifier): Buffer {
  return Buffer.from(JSON.stringify(checked(identifier as unknown as Record<string, unknown>)));
}

/**
 * Exactly the bytes that `encodeIdentifier` writes: no other order, spacing, escape or member.
 * @throws MacaroonError `identifier`
 */
export function decodeIdentifier(bytes: Uint8Array): Identifier {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw invalid('it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw invalid('it is no object');
  const identifier = checked(value as Record<string, unknown>);
  if (!Buffer.from(JSON.stringify(identifier)).equals(bytes)) throw invalid('it is not in its one form');
  return identifier;
}

function checked(value: Readonly<Record<string, unknown>>): Identifier {
  const identifier: Record<string, unknown> = {};
  for (const [name, holds] of members) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    if (!holds(member)) throw invalid(`${name} is missing or out of bounds`);
    identifier[name] = member;
  }
  return identifier as unknown as Identifier;
}

function invalid(what: string): MacaroonError {
  return new MacaroonError('identifier', `the identifier is not ours: ${what}`);
}
