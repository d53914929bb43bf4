import { decodeBase64 } from './base64.ts';
import type { RawMacaroon } from './raw.ts';
import { malformed, RawBuilder } from './shape.ts';

type Members = Readonly<Record<string, unknown>>;

const HEX = /^(?:[0-9a-fA-F]{2})*$/;
// After a string that ends here, a colon makes it a member's name. Strings are matched whole, so none is split.
const NAMES = /"(?:[^"\\]|\\.)*"\s*(:?)/g;

/**
 * libmacaroons JSON, v1 (`identifier`, `cid`, hex `signature`) and v2 (`i`/`i64`, `c`, `s`/`s64`). Members that no
 * version has, two forms of one field, and a name twice in one object are refused; null counts as absent.
 * @throws MacaroonError `malformed`, `too_large`
 */
export function decodeJson(text: string): RawMacaroon {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('it is not JSON');
  }
  const isV1 = isObject(value) && Object.hasOwn(value, 'signature');
  const root = membersOf(
    value,
    isV1 ? ['location', 'identifier', 'caveats', 'signature'] : ['v', 'l', 'i', 'i64', 'c', 's', 's64'],
  );
  const list = root[isV1 ? 'caveats' : 'c'] ?? [];
  if (!Array.isArray(list)) throw malformed('the caveats are no list');
  const caveats = list.map((c) => membersOf(c, isV1 ? ['cid', 'vid', 'cl'] : ['i', 'i64', 'v', 'v64', 'l']));
  refuseRepeatedNames(text, [root, ...caveats]);
  return isV1 ? readV1(root, caveats) : readV2(root, caveats);
}

function readV1(root: Members, caveats: readonly Members[]): RawMacaroon {
  const builder = new RawBuilder();
  builder.header(required(utf8(root, 'identifier')), text(root, 'location'));
  for (const caveat of caveats) {
    builder.caveat(required(utf8(caveat, 'cid')), base64(caveat, 'vid'), text(caveat, 'cl'));
  }
  const signature = text(root, 'signature') ?? '';
  if (!HEX.test(signature)) throw malformed('the signature is not hexadecimal');
  return builder.build('v1-json', Buffer.from(signature, 'hex'));
}

function readV2(root: Members, caveats: readonly Members[]): RawMacaroon {
  if (![undefined, null, 2, '2'].includes(root.v as string)) throw malformed('the version is not 2');
  const builder = new RawBuilder();
  builder.header(required(either(root, 'i')), text(root, 'l'));
  for (const caveat of caveats) {
    builder.caveat(required(either(caveat, 'i')), either(caveat, 'v'), text(caveat, 'l'));
  }
  return builder.build('v2-json', required(either(root, 's')));
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function membersOf(value: unknown, allowed: readonly string[]): Members {
  if (!isObject(value)) throw malformed('an object is expected');
  if (!Object.keys(value).every((name) => allowed.includes(name))) throw malformed('a member is unknown');
  return value;
}

function refuseRepeatedNames(text: string, objects: readonly Members[]): void {
  let names = 0;
  for (const match of text.matchAll(NAMES)) if (match[1]) names++;
  const distinct = objects.reduce((sum, object) => sum + Object.keys(object).length, 0);
  if (names !== distinct) throw malformed('a member is repeated');
}

function text(members: Members, name: string): string | undefined {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !value.isWellFormed()) throw malformed('a member is no text');
  return value;
}

function utf8(members: Members, name: string): Buffer | undefined {
  const value = text(members, name);
  return value === undefined ? undefined : Buffer.from(value);
}

function base64(members: Members, name: string): Buffer | undefined {
  const value = text(members, name);
  return value === undefined ? undefined : decodeBase64(value);
}

/** A field in one of its two forms: `x` as text or `x64` as base64. */
function either(members: Members, name: string): Buffer | undefined {
  const plain = utf8(members, name);
  const encoded = base64(members, `${name}64`);
  if (plain && encoded) throw malformed('a field is given in two forms');
  return plain ?? encoded;
}

function required(value: Buffer | undefined): Buffer {
  if (!value) throw malformed('a field is missing');
  return value;
}
