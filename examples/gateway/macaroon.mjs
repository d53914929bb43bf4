/** Reading a macaroon of the mint's: libmacaroons v2 binary in base64, an identifier, the chain. node:crypto alone. */
import { isUtf8 } from 'node:buffer';
import { createHmac } from 'node:crypto';

/** The call must be refused. `code` is the mint's word for why; `caveat` the one that does not hold. */
export class Refused extends Error {
  constructor(code, caveat) {
    super(caveat === undefined ? code : `${code}: ${caveat}`);
    Object.assign(this, { code, caveat });
  }
}

export const refuse = (code, caveat) => {
  throw new Refused(code, caveat);
};
const [LOCATION, IDENTIFIER, VID, SIGNATURE] = [1, 2, 4, 6];

/** One macaroon, and nothing else; none of it is authenticated yet. */
export function decode(token) {
  if (token.length > 8192) refuse('too_large');
  const body = token.replace(/={1,2}$/, '');
  if (body !== token && token.length % 4 !== 0) refuse('malformed');
  if (/[+/]/.test(body) && /[-_]/.test(body)) refuse('malformed');
  const bytes = Buffer.from(body, 'base64url');
  // The same text again, or there was something in it that is not base64, or bits that mean nothing.
  if (bytes.toString('base64url') !== body.replaceAll('+', '-').replaceAll('/', '_')) refuse('malformed');
  if (bytes[0] !== 2) refuse('malformed');

  let at = 1;
  const number = () => {
    for (let value = 0, shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++] ?? refuse('malformed');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      return (byte === 0 && shift > 0) || value > 0x7fff_ffff ? refuse('malformed') : value;
    }
    return refuse('malformed');
  };
  const data = () => {
    const length = number();
    if (length > bytes.length - at) refuse('malformed');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const section = (allowed) => {
    const fields = new Map();
    for (let type = number(), last = 0; type !== 0; last = type, type = number()) {
      if (type <= last || !allowed.includes(type)) refuse('malformed');
      fields.set(type, data());
    }
    if (!isUtf8(fields.get(LOCATION) ?? Buffer.alloc(0))) refuse('malformed');
    if (fields.size > 0 && !fields.has(IDENTIFIER)) refuse('malformed');
    return fields;
  };

  const identifier = section([LOCATION, IDENTIFIER]).get(IDENTIFIER) ?? refuse('malformed');
  const texts = [];
  let thirdParty = false;
  for (
    let caveat = section([LOCATION, IDENTIFIER, VID]);
    caveat.size > 0;
    caveat = section([LOCATION, IDENTIFIER, VID])
  ) {
    if (texts.length === 64 || [...caveat.values()].some(({ length }) => length > 1024)) refuse('too_large');
    if (caveat.has(LOCATION) && !caveat.has(VID)) refuse('malformed');
    thirdParty ||= caveat.has(VID);
    texts.push(caveat.get(IDENTIFIER).toString('latin1'));
  }
  if (number() !== SIGNATURE) refuse('malformed');
  const signature = data();
  if (signature.length !== 32 || at !== bytes.length) refuse('malformed');
  if (thirdParty) refuse('third_party');
  return { identifier, texts, signature };
}

/** Every value of the chain. Each is a live credential: never log or store one. */
export function chain(rootKey, identifier, texts) {
  const hmac = (key, data) => createHmac('sha256', key).update(data).digest();
  const values = [hmac(hmac('macaroons-key-generator', rootKey), identifier)];
  for (const text of texts) values.push(hmac(values.at(-1), Buffer.from(text, 'latin1')));
  return values;
}

const ascii = (max) => (value) =>
  typeof value === 'string' && value.length <= max && /^[ -~]+$/.test(value) && value.trim() === value;
export const whole = (min, max) => (value) => Number.isSafeInteger(value) && value >= min && value <= max;
const MEMBERS = {
  v: (value) => value === 1,
  kid: ascii(128),
  aud: ascii(512),
  jti: ascii(128),
  gid: ascii(128),
  pol: ascii(128),
  agt: (value) => value === null || ascii(128)(value),
  ten: ascii(128),
  sub: (value) =>
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= 2048 &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value),
  iat: whole(0, Number.MAX_SAFE_INTEGER),
  n: whole(1, 64),
};

/** The identifier: compact JSON of these members in this order, and no other. */
export function identify(bytes) {
  let id;
  try {
    id = JSON.parse(bytes.toString('utf8'));
  } catch {
    refuse('identifier');
  }
  if (Object.keys(id ?? {}).join() !== Object.keys(MEMBERS).join()) refuse('identifier');
  if (!Object.entries(MEMBERS).every(([name, holds]) => holds(id[name]))) refuse('identifier');
  if (!Buffer.from(JSON.stringify(id)).equals(bytes)) refuse('identifier');
  return id;
}
