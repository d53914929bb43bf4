import { type CallContext, type CaveatDenial, evaluateCaveats } from '../caveat/index.ts';
import { type Account, accountsOf } from './accounts.ts';
import { chainDigest, chainValues, sameSignature } from './chain.ts';
import { decodeMacaroon } from './codec.ts';
import { MacaroonError, type MacaroonErrorCode } from './errors.ts';
import type { Identifier } from './identifier.ts';
import { factsOf, readCaveat } from './issuer-caveats.ts';
import { type OurMacaroon, readOurs } from './ours.ts';
import { printable } from './printable.ts';
import { type RawMacaroon, ROOT_KEY_BYTES } from './raw.ts';

export interface VerifyInput {
  /** The root key of one audience, or undefined for a `kid` that is not ours (or no longer). */
  readonly rootKey: (kid: string, audience: string) => Uint8Array | undefined;
  /** The audience of the resource that is called. */
  readonly audience: string;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Absent: none is judged. */
  readonly call?: CallContext;
}

/** Stable. `other_resource` is a token for somebody else: tell its bearer nothing. */
export type FailureReason =
  | Exclude<MacaroonErrorCode, 'key' | 'never_holds'>
  | 'other_resource'
  | 'unknown_key'
  | 'signature'
  | 'expired'
  | 'not_yet_valid';

export interface Verified {
  readonly ok: true;
  readonly identifier: Identifier;
  /** The issuer's attributes. */
  readonly facts: ReadonlyMap<string, string>;
  /** Unverified. */
  readonly notes: readonly string[];
  /** Of `caveats`, those that would have wanted a call, where none was judged. */
  readonly unchecked: readonly string[];
  /** The text of every caveat, the issuer's `identifier.n` first. */
  readonly caveats: readonly string[];
  /** The earliest expiry, seconds since the epoch. */
  readonly expiresAt: number;
  /** What the call draws on: the grant first. */
  readonly accounts: readonly Account[];
  /** What a `derivedFrom` revocation that kills this token may name: one per value of its chain. */
  readonly derivedFromDigests: () => readonly string[];
}

export interface Failed {
  readonly ok: false;
  readonly reason: FailureReason;
  /** The first caveat that does not hold, with why; only after the chain was verified. */
  readonly caveat?: string;
  readonly denial?: CaveatDenial;
}

/**
 * Verifies a macaroon for one call: size and shape, identifier, the chain in constant time, the issuer's caveats
 * against the identifier, every caveat (MA-1…MA-4). Revocation is the caller's. Never throws on any token, and no
 * value of the chain leaves it.
 */
export function verifyMacaroon(token: string, input: VerifyInput): Verified | Failed {
  let raw: RawMacaroon;
  let ours: OurMacaroon;
  try {
    raw = decodeMacaroon(token);
    ours = readOurs(raw);
  } catch (error) {
    return failure(error);
  }
  const { identifier } = ours;
  if (identifier.aud !== input.audience) return { ok: false, reason: 'other_resource' };
  const rootKey = input.rootKey(identifier.kid, identifier.aud);
  if (rootKey?.length !== ROOT_KEY_BYTES) return { ok: false, reason: 'unknown_key' };
  const values = chainValues(
    rootKey,
    raw.identifier,
    raw.caveats.map((caveat) => caveat.id),
  );
  if (!sameSignature(values.at(-1)!, raw.signature)) return { ok: false, reason: 'signature' };
  return judge(ours, values, input);
}

function judge({ identifier, issuer, later }: OurMacaroon, values: readonly Buffer[], input: VerifyInput) {
  try {
    factsOf(issuer.map(readCaveat), identifier);
  } catch (error) {
    return failure(error);
  }
  const outcome = evaluateCaveats({ issuer, later }, input);
  if (!outcome.ok) {
    const { caveat, reason: denial } = outcome;
    const reason = denial === 'expired' || denial === 'not_yet_valid' ? denial : 'caveat';
    return { ok: false, reason, caveat: printable(Buffer.from(caveat, 'latin1')), denial } satisfies Failed;
  }
  return {
    ok: true,
    identifier,
    facts: outcome.facts,
    notes: outcome.notes,
    unchecked: outcome.unchecked,
    caveats: [...issuer, ...later],
    // factsOf has seen a `time <`.
    expiresAt: outcome.expiresAt!,
    accounts: accountsOf(identifier, outcome.caveats, values),
    derivedFromDigests: () => values.map(chainDigest),
  } satisfies Verified;
}

function failure(error: unknown): Failed {
  if (error instanceof MacaroonError) return { ok: false, reason: error.code as FailureReason };
  throw error;
}
