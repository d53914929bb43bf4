import { MacaroonError } from './errors.ts';
import { MAX_CAVEAT_BYTES, MAX_CAVEATS } from './limits.ts';
import { type MacaroonFormat, type RawCaveat, type RawMacaroon, SIGNATURE_BYTES } from './raw.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function malformed(what: string): MacaroonError {
  return new MacaroonError('malformed', `not a macaroon: ${what}`);
}

/** Bytes that must be UTF-8, as text. */
export function readText(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed(`${what} is not UTF-8`);
  }
}

/** What every format must satisfy; parsers hand in fields as they find them. An empty location is none. */
export class RawBuilder {
  #location: string | undefined;
  #identifier: Uint8Array | undefined;
  readonly #caveats: RawCaveat[] = [];

  header(identifier: Uint8Array, location: string | undefined): void {
    this.#identifier = identifier;
    this.#location = location;
  }

  caveat(id: Uint8Array, vid: Uint8Array | undefined, location: string | undefined): void {
    if (this.#caveats.length === MAX_CAVEATS) {
      throw new MacaroonError('too_large', `a macaroon has at most ${MAX_CAVEATS} caveats`);
    }
    if (Math.max(id.length, vid?.length ?? 0, location?.length ?? 0) > MAX_CAVEAT_BYTES) {
      throw new MacaroonError('too_large', `a caveat has at most ${MAX_CAVEAT_BYTES} bytes`);
    }
    if (location !== undefined && !vid) throw malformed('a first-party caveat has no location');
    this.#caveats.push({ id, ...(vid && { vid }), ...(location && { location }) });
  }

  build(format: MacaroonFormat, signature: Uint8Array): RawMacaroon {
    if (!this.#identifier) throw malformed('there is no identifier');
    if (signature.length !== SIGNATURE_BYTES) throw malformed(`the signature must have ${SIGNATURE_BYTES} bytes`);
    return {
      format,
      ...(this.#location && { location: this.#location }),
      identifier: this.#identifier,
      caveats: this.#caveats,
      signature,
    };
  }
}
