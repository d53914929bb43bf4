import { CaveatError, parseCaveat, sortOf } from '../caveat/index.ts';
import { chainDigest } from './chain.ts';
import { decodeMacaroon } from './codec.ts';
import { MacaroonError } from './errors.ts';
import { decodeIdentifier, type Identifier } from './identifier.ts';
import { printable } from './printable.ts';
import type { MacaroonFormat, RawCaveat } from './raw.ts';

export interface DescribedCaveat {
  /** Control characters and what is not ASCII stand as `\xNN`. */
  readonly text: string;
  /** `unknown` where the identifier is not ours. */
  readonly by: 'issuer' | 'appended' | 'unknown';
  readonly sort: 'checked' | 'attribute' | 'note' | 'third_party' | 'not_ours';
}

/** A macaroon as it says it is: nothing of this is verified. It holds no signature. */
export interface Description {
  readonly format: MacaroonFormat;
  readonly location?: string;
  /** null where it is not one of ours. */
  readonly identifier: Identifier | null;
  readonly identifierText: string;
  readonly caveats: readonly DescribedCaveat[];
  /** The earliest `time <`, seconds since the epoch. */
  readonly expiresAt?: number;
  /** What revokes it and all that is appended to it. */
  readonly derivedFrom: string;
}

/**
 * Decodes a macaroon for a person, without a key.
 * @throws MacaroonError `malformed`, `too_large`
 */
export function describeMacaroon(token: string | Uint8Array): Description {
  const raw = decodeMacaroon(token);
  const identifier = ourIdentifier(raw.identifier);
  const caveats = raw.caveats.map((caveat, position) => describeCaveat(caveat, position, identifier));
  const expiries = caveats.flatMap(({ expiry }) => (expiry === undefined ? [] : [expiry]));
  return {
    format: raw.format,
    ...(raw.location && { location: printable(Buffer.from(raw.location)) }),
    identifier,
    identifierText: printable(raw.identifier),
    caveats: caveats.map(({ text, by, sort }) => ({ text, by, sort })),
    ...(expiries.length > 0 && { expiresAt: Math.min(...expiries) }),
    derivedFrom: chainDigest(raw.signature),
  };
}

function describeCaveat(
  raw: RawCaveat,
  position: number,
  identifier: Identifier | null,
): DescribedCaveat & { readonly expiry?: number } {
  const by = !identifier ? 'unknown' : position < identifier.n ? 'issuer' : 'appended';
  const text = printable(raw.id);
  if (raw.vid) return { text, by, sort: 'third_party' };
  try {
    const caveat = parseCaveat(Buffer.from(raw.id).toString('latin1'));
    const expires = caveat.key === 'time' && caveat.operator === '<';
    return { text, by, sort: sortOf(caveat.key), ...(expires && { expiry: caveat.number! }) };
  } catch (error) {
    if (error instanceof CaveatError) return { text, by, sort: 'not_ours' };
    throw error;
  }
}

function ourIdentifier(bytes: Uint8Array): Identifier | null {
  try {
    return decodeIdentifier(bytes);
  } catch (error) {
    if (error instanceof MacaroonError) return null;
    throw error;
  }
}
