import { MacaroonError } from './errors.ts';
import { decodeIdentifier, type Identifier } from './identifier.ts';
import type { RawMacaroon } from './raw.ts';

/** A macaroon of the form that we mint. Nothing of it is authenticated yet. */
export interface OurMacaroon {
  readonly identifier: Identifier;
  /** One character per byte, so that nothing is lost; what is not ASCII is no caveat of the language. */
  readonly issuer: readonly string[];
  readonly later: readonly string[];
}

/**
 * @throws MacaroonError `third_party`; `identifier` where it is another's.
 */
export function readOurs(raw: RawMacaroon): OurMacaroon {
  if (raw.caveats.some((caveat) => caveat.vid)) {
    throw new MacaroonError('third_party', 'third-party caveats are not supported yet');
  }
  const identifier = decodeIdentifier(raw.identifier);
  const texts = raw.caveats.map((caveat) => Buffer.from(caveat.id).toString('latin1'));
  return { identifier, issuer: texts.slice(0, identifier.n), later: texts.slice(identifier.n) };
}
