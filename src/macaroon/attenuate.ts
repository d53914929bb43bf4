import { extendChain } from './chain.ts';
import { decodeMacaroon, encodeMacaroon } from './codec.ts';
import { MacaroonError } from './errors.ts';
import { factsOf, readCaveat, refuseNeverHolding } from './issuer-caveats.ts';
import { MAX_CAVEATS } from './limits.ts';
import { readOurs } from './ours.ts';

/**
 * Appends caveats to one of our macaroons, without a key: the result grants at most what the token did.
 * The token's own signature is not checked: only its issuer can.
 * @param token of any format.
 * @param caveats `key op value` each, appended in order.
 * @returns v2 binary, base64url without padding.
 * @throws MacaroonError `caveat` where one is not of the language; `never_holds` where no call can satisfy it;
 * `too_large`; and whatever decoding throws.
 */
export function attenuateMacaroon(token: string | Uint8Array, caveats: readonly string[]): string {
  const raw = decodeMacaroon(token);
  const { identifier, issuer } = readOurs(raw);
  if (raw.caveats.length + caveats.length > MAX_CAVEATS) {
    throw new MacaroonError('too_large', `a macaroon has at most ${MAX_CAVEATS} caveats`);
  }
  const facts = factsOf(issuer.map(readCaveat), identifier);
  for (const text of caveats) refuseNeverHolding(readCaveat(text), facts, identifier.aud);

  const appended = caveats.map((text) => ({ id: Buffer.from(text, 'latin1') }));
  let signature = raw.signature;
  for (const caveat of appended) signature = extendChain(signature, caveat.id);
  return encodeMacaroon({ ...raw, caveats: [...raw.caveats, ...appended], signature });
}
