import type { Caveat } from '../caveat/index.ts';
import { extendChain, startChain } from './chain.ts';
import { encodeMacaroon } from './codec.ts';
import { MacaroonError } from './errors.ts';
import { encodeIdentifier, type Identifier } from './identifier.ts';
import { factsOf, readCaveat, refuseNeverHolding } from './issuer-caveats.ts';
import { MAX_CAVEATS } from './limits.ts';
import { ROOT_KEY_BYTES } from './raw.ts';

export interface MintRequest {
  /** 32 bytes: the key of the identifier's `kid` and `aud`. Whoever holds it can mint for that audience (P39). */
  readonly rootKey: Uint8Array;
  /** A hint for the holder; not authenticated. */
  readonly location?: string;
  /** `n` is the number of the issuer's caveats. */
  readonly identifier: Identifier;
  readonly issuerCaveats: readonly string[];
  /** Placed after the issuer's, as a holder would append them: they can only narrow. */
  readonly appended?: readonly string[];
}

export interface Minted {
  /** libmacaroons v2 binary, base64url without padding. */
  readonly token: string;
}

interface Placed {
  readonly caveat: Caveat;
  readonly id: Buffer;
}

/** Policies place the same few caveats again and again: those that were read lately. */
const known = new Map<string, Placed>();
const MAX_KNOWN = 1000;

/** A caveat of the issuer's and its bytes, which are shared: not to be changed. */
function readOurs(text: string): Placed {
  const before = known.get(text);
  if (before) return before;
  // Of the pool that Buffer.from takes small ones from, each would keep 64 KiB.
  const id = Buffer.alloc(text.length);
  id.write(text, 'latin1');
  const placed = { caveat: Object.freeze(readCaveat(text)), id };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, placed);
  return placed;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/**
 * Mints one macaroon.
 * @throws MacaroonError `unbounded` without `time <`, `aud =` and `tenant =` among the issuer's caveats; `identifier`
 * where they disagree with it; `caveat`, `never_holds`, `too_large`, `key`.
 */
export function mintMacaroon(request: MintRequest): Minted {
  const { rootKey, location, identifier, issuerCaveats, appended = [] } = request;
  if (rootKey.length !== ROOT_KEY_BYTES) throw new MacaroonError('key', `a root key has ${ROOT_KEY_BYTES} bytes`);
  if (issuerCaveats.length + appended.length > MAX_CAVEATS) {
    throw new MacaroonError('too_large', `a macaroon has at most ${MAX_CAVEATS} caveats`);
  }
  const placed = issuerCaveats.map(readOurs);
  const facts = factsOf(
    placed.map(({ caveat }) => caveat),
    identifier,
  );
  for (const text of appended) refuseNeverHolding(readCaveat(text), facts, identifier.aud);

  const id = encodeIdentifier(identifier);
  const caveats = [...placed, ...appended.map((text) => ({ id: bytesOf(text) }))];
  let signature = startChain(rootKey, id);
  for (const caveat of caveats) signature = extendChain(signature, caveat.id);
  return {
    token: encodeMacaroon({ ...(location && { location }), identifier: id, caveats, signature }),
  };
}
