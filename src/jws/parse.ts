/** The strict reading of one compact JWS (RFC 7515 §7.1), before any key or library sees it. */
import { isUtf8 } from 'node:buffer';
import { isSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url, requireBase64url } from './base64url.ts';
import { JwsError, type JwsErrorCode } from './errors.ts';
import { type JsonObject, parseJsonObject } from './json.ts';

export interface JwsHeader {
  readonly alg: SignatureAlgorithm;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
}

/** A compact JWS that is well-formed. Nothing in it is verified. */
export interface OpenedJws {
  readonly token: string;
  readonly header: JwsHeader;
}

/** The same with a payload that is a JSON object: a JWT. */
export interface ParsedJws extends OpenedJws {
  /** Unverified until `verifyJws` says so. */
  readonly payload: JsonObject;
}

export interface JwsLimits {
  /** Bytes of the whole token; default 16 KiB. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 16 * 1024;
const MAX_KID_BYTES = 512;

/** Certificate thumbprints (RFC 7515 §4.1.7) choose no key and carry none: read past. */
const ALLOWED = new Set(['alg', 'kid', 'typ', 'x5t', 'x5t#S256']);

/** Parameters that bring a key along, change what is signed, or belong to another format; each has its own code. */
const REFUSED = new Map<string, JwsErrorCode>(
  (['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip', 'enc', 'nonce'] as const).map((name) => [name, `header_${name}`]),
);

/**
 * Reads a compact JWS and its JSON payload.
 *
 * Accepts less than RFC 7515: see `openJws` for the envelope; the payload is UTF-8 and one JSON object as
 * `parseJsonObject` reads it. Whatever is accepted, `jose` reads the same way, but for integers that a double cannot hold.
 *
 * @throws JwsError
 */
export function parseJws(token: string, limits: JwsLimits = {}): ParsedJws {
  const { header, payload } = openJws(token, limits);
  return { token, header, payload: parseJson(payload) };
}

/**
 * Reads the envelope: the size, three non-empty canonical parts, and a header of known parameters only.
 *
 * @throws JwsError `too_large`, `json_serialization`, `encrypted`, `not_compact`, `base64url`; `header_…` for a
 *   parameter that is not accepted; `algorithm_none`, `algorithm_symmetric`, `algorithm_not_allowed`; `kid`, `typ`
 */
export function openJws(token: string, limits: JwsLimits = {}): OpenedJws & { readonly payload: Buffer } {
  // A character beyond ASCII is refused below, so that length and bytes agree for all that pass.
  if (token.length > (limits.maxBytes ?? MAX_BYTES)) throw new JwsError('too_large', 'the token is too large');
  if (token.trimStart().startsWith('{')) {
    throw new JwsError('json_serialization', 'a JSON-serialised JWS is not accepted');
  }
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 1 || second < first + 2 || second === token.length - 1 || token.indexOf('.', second + 1) !== -1) {
    throw shapeError(token);
  }
  const header = headerOf(token.slice(0, first));
  const payload = decodeBase64url(token.slice(first + 1, second));
  requireBase64url(token.slice(second + 1));
  return { token, header, payload };
}

/** Tokens of one key have one header: the few that were accepted lately need no second reading. */
const accepted = new Map<string, JwsHeader>();
const MAX_ACCEPTED = 64;
const MAX_ACCEPTED_LENGTH = 512;

function headerOf(text: string): JwsHeader {
  const known = accepted.get(text);
  if (known) return known;
  const header = Object.freeze(readHeader(parseJson(decodeBase64url(text))));
  if (text.length <= MAX_ACCEPTED_LENGTH) {
    if (accepted.size >= MAX_ACCEPTED) accepted.clear();
    accepted.set(text, header);
  }
  return header;
}

function shapeError(token: string): JwsError {
  let dots = 0;
  for (let i = token.indexOf('.'); i !== -1; i = token.indexOf('.', i + 1)) dots++;
  if (dots === 4) return new JwsError('encrypted', 'an encrypted token (JWE) is not accepted');
  return new JwsError('not_compact', 'not a compact JWS of three parts');
}

function parseJson(bytes: Buffer): JsonObject {
  if (!isUtf8(bytes)) throw new JwsError('utf8', 'not valid UTF-8');
  return parseJsonObject(bytes.toString('utf8'));
}

function readHeader(header: JsonObject): JwsHeader {
  for (const name of Object.keys(header)) {
    if (ALLOWED.has(name)) continue;
    const code = REFUSED.get(name);
    if (code) throw new JwsError(code, `the header parameter ${name} is not accepted`);
    throw new JwsError('header_unknown', 'an unknown header parameter is not accepted');
  }
  const alg = own(header, 'alg');
  const kid = own(header, 'kid');
  const typ = own(header, 'typ');
  if (kid !== undefined && (typeof kid !== 'string' || Buffer.byteLength(kid) > MAX_KID_BYTES)) {
    throw new JwsError('kid', `kid is not a string of at most ${MAX_KID_BYTES} bytes`);
  }
  if (typ !== undefined && typeof typ !== 'string') throw new JwsError('typ', 'typ is not a string');
  return { alg: checkAlgorithm(alg), kid, typ };
}

function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function checkAlgorithm(alg: unknown): SignatureAlgorithm {
  if (isSignatureAlgorithm(alg)) return alg;
  if (typeof alg !== 'string') throw new JwsError('algorithm_missing', 'the header has no alg');
  const name = alg.trim().toLowerCase();
  if (name === 'none') throw new JwsError('algorithm_none', 'unsigned tokens are not accepted');
  if (name.startsWith('hs')) throw new JwsError('algorithm_symmetric', 'symmetric algorithms are not accepted');
  throw new JwsError('algorithm_not_allowed', 'the algorithm is not accepted');
}
