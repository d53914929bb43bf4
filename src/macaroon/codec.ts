import { decodeBase64 } from './base64.ts';
import { decodeV1 } from './binary-v1.ts';
import { decodeV2, encodeV2, V2_MARK } from './binary-v2.ts';
import { MacaroonError } from './errors.ts';
import { decodeJson } from './json.ts';
import { MAX_TOKEN_BYTES } from './limits.ts';
import type { RawMacaroon } from './raw.ts';
import { malformed, readText } from './shape.ts';

/**
 * Reads exactly one macaroon of any libmacaroons format. Text is JSON or base64 (either alphabet, padded or not) of a
 * binary form; bytes may be a binary form, JSON or base64. Third-party caveats are read, not judged.
 * @throws MacaroonError `malformed`, `too_large`
 */
export function decodeMacaroon(token: string | Uint8Array): RawMacaroon {
  if (token.length > MAX_TOKEN_BYTES) throw tooLarge();
  if (typeof token !== 'string') return decodeBinary(token) ?? decodeMacaroon(readText(token, 'it'));
  if (token.startsWith('{')) {
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) throw tooLarge();
    return decodeJson(token);
  }
  const macaroon = decodeBinary(decodeBase64(token));
  if (!macaroon) throw malformed('its format is unknown');
  return macaroon;
}

/**
 * The form that we hand out: v2 binary, base64url without padding.
 * @throws MacaroonError `too_large`
 */
export function encodeMacaroon(macaroon: Omit<RawMacaroon, 'format'>): string {
  const token = encodeV2(macaroon).toString('base64url');
  if (token.length > MAX_TOKEN_BYTES) throw tooLarge();
  return token;
}

function decodeBinary(bytes: Uint8Array): RawMacaroon | undefined {
  const first = bytes[0];
  if (first === V2_MARK) return decodeV2(bytes);
  if (first !== undefined && '0123456789abcdef'.includes(String.fromCharCode(first))) return decodeV1(bytes);
  return undefined;
}

function tooLarge(): MacaroonError {
  return new MacaroonError('too_large', `a token has at most ${MAX_TOKEN_BYTES} bytes`);
}
