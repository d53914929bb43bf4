import { chainDigest, chainValues, sameSignature } from './chain.ts';
import { decodeMacaroon } from './codec.ts';
import { MacaroonError } from './errors.ts';
import type { Identifier } from './identifier.ts';
import { readOurs } from './ours.ts';
import { ROOT_KEY_BYTES } from './raw.ts';
import type { VerifyInput } from './verify.ts';

/** A macaroon that we minted, and whatever was appended to it, whether any of it holds or not. */
export interface Authentic {
  readonly identifier: Identifier;
  /** What revokes it and all that is appended to it. */
  readonly derivedFrom: string;
  /** What a `derivedFrom` revocation that kills it may name. */
  readonly derivedFromDigests: () => readonly string[];
}

/**
 * Whether we minted this macaroon: the chain alone, for its holder may give it up whatever it allows. Never throws on
 * any token, and no value of the chain leaves it.
 *
 * @returns undefined for anything else
 */
export function authenticMacaroon(token: string, rootKey: VerifyInput['rootKey']): Authentic | undefined {
  try {
    const raw = decodeMacaroon(token);
    const { identifier } = readOurs(raw);
    const key = rootKey(identifier.kid, identifier.aud);
    if (key?.length !== ROOT_KEY_BYTES) return undefined;
    const ids = raw.caveats.map((caveat) => caveat.id);
    const values = chainValues(key, raw.identifier, ids);
    if (!sameSignature(values.at(-1)!, raw.signature)) return undefined;
    return { identifier, derivedFrom: chainDigest(raw.signature), derivedFromDigests: () => values.map(chainDigest) };
  } catch (error) {
    if (error instanceof MacaroonError) return undefined;
    throw error;
  }
}
