/** The stored form of a key ring: strict both ways, so that a damaged or newer file is never half understood. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { KEY_BYTES } from './derivation.ts';
import { KeyRingError } from './errors.ts';
import { readJwtKey } from './jwt-keys.ts';
import { Secret } from './secret.ts';
import type { JwtAlgorithm, StoredKey, StoredKeyRing } from './types.ts';

const FORMAT = 1;

/** More are no ring of ours. */
const MAX_KEYS = 64;

/** A ring is a few keys of a few kilobytes. */
export const MAX_RING_BYTES = 1_048_576;

const seconds = z.int().min(0);
const id = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/);

const key = z.strictObject({
  kid: id,
  state: z.enum(['next', 'active', 'retired']),
  createdAt: seconds,
  activatedAt: seconds.nullable(),
  retiredAt: seconds.nullable(),
  macaroon: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  jwt: z.partialRecord(z.enum(['ES256', 'RS256', 'EdDSA']), z.record(z.string(), z.string())).default({}),
});

const ring = z.strictObject({
  version: z.literal(FORMAT),
  id,
  revision: z.int().min(1),
  keys: z.array(key).max(MAX_KEYS),
  /** Over all the rest, so that half a ring is not taken for a whole one. Older versions wrote none. */
  sum: z.string().optional(),
});

function damaged(why: string): KeyRingError {
  return new KeyRingError('keys_damaged', `the stored keys cannot be read: ${why}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and the text is keys.
    throw damaged('not JSON');
  }
}

function checkShape(keys: readonly StoredKey[]): void {
  if (new Set(keys.map((k) => k.kid)).size !== keys.length) throw damaged('one kid twice');
  if (keys.filter((k) => k.state === 'active').length !== 1) throw damaged('not exactly one active key');
  if (keys.filter((k) => k.state === 'next').length > 1) throw damaged('more than one next key');
  for (const k of keys) {
    if ((k.activatedAt === null) !== (k.state === 'next')) throw damaged('activatedAt does not fit the state');
    if ((k.retiredAt === null) !== (k.state !== 'retired')) throw damaged('retiredAt does not fit the state');
    if (k.master.reveal().length !== KEY_BYTES) throw damaged('a key of the wrong length');
  }
}

/**
 * @param text the JSON that `serializeRing` made
 * @throws KeyRingError keys_damaged; the message names the member, never its value
 */
export function parseRing(text: string): StoredKeyRing {
  if (text.length > MAX_RING_BYTES) throw damaged('too large');
  const json = parseJson(text);
  const parsed = ring.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw damaged(`${issue?.path.join('.') || 'the document'} is not as it should be`);
  }
  const { sum, ...rest } = parsed.data;
  // Over the text's own order, which the schema does not keep.
  if (sum !== undefined && sum !== sumOf({ ...(json as object), sum: undefined }))
    throw damaged('it is not what was written');
  const keys = rest.keys.map((k): StoredKey => {
    const master = Buffer.from(k.macaroon, 'base64url');
    if (master.toString('base64url') !== k.macaroon) throw damaged('a key that is not canonical base64url');
    const jwt = Object.entries(k.jwt).map(([name, jwk]) => {
      const algorithm = name as JwtAlgorithm;
      if (!readJwtKey(algorithm, jwk)) throw damaged(`a key that is none for ${algorithm}`);
      return [algorithm, new Secret(JSON.stringify(jwk))] as const;
    });
    return {
      kid: k.kid,
      state: k.state,
      createdAt: k.createdAt,
      activatedAt: k.activatedAt,
      retiredAt: k.retiredAt,
      master: new Secret(new Uint8Array(master)),
      jwt: new Map(jwt),
    };
  });
  checkShape(keys);
  return { id: rest.id, revision: rest.revision, keys };
}

/** Reads what a store has again and again: a text that did not change is not judged anew, for trying its keys takes time. */
export class RingReader {
  #last: { readonly text: string; readonly ring: StoredKeyRing } | undefined;

  /** As `parseRing`. */
  read(text: string): StoredKeyRing {
    if (this.#last?.text !== text) this.#last = { text, ring: parseRing(text) };
    return this.#last.ring;
  }
}

/** The ring as JSON text, keys in the clear: for the store alone. */
export function serializeRing(stored: StoredKeyRing): string {
  const keys = stored.keys.map((k) => ({
    kid: k.kid,
    state: k.state,
    createdAt: k.createdAt,
    activatedAt: k.activatedAt,
    retiredAt: k.retiredAt,
    macaroon: Buffer.from(k.master.reveal()).toString('base64url'),
    jwt: Object.fromEntries([...k.jwt].map(([algorithm, jwk]) => [algorithm, JSON.parse(jwk.reveal()) as unknown])),
  }));
  const rest = { version: FORMAT, id: stored.id, revision: stored.revision, keys } as const;
  return `${JSON.stringify({ ...rest, sum: sumOf(rest) }, null, 2)}\n`;
}

function sumOf(rest: object): string {
  return createHash('sha256').update(JSON.stringify(rest)).digest('base64url');
}
