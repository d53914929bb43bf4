/** JWK Sets (RFC 7517 §5): which of an issuer's published keys may verify a signature, and with which algorithms. */
import { hash, type KeyObject } from 'node:crypto';
import type { SignatureAlgorithm } from './algorithms.ts';
import { JwsError } from './errors.ts';
import { parseJsonObject } from './json.ts';
import { readMaterial } from './key-material.ts';

/** A public key that may verify signatures. */
export interface PublicKey {
  readonly kid: string | undefined;
  /** What the key may be used with: its JWK's `alg`, else all that its type and curve allow. Never empty. */
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly use: string | undefined;
  /** The `issuer` member that Entra's shared key sets carry; may hold `{tenantid}`. */
  readonly issuer: string | undefined;
  /** RFC 7638, SHA-256, base64url: equal for equal keys, whatever their kid. */
  readonly thumbprint: string;
  readonly key: KeyObject;
}

export interface ImportedJwkSet {
  readonly keys: readonly PublicKey[];
  /** The members of the set that are not used, for an operator to read. `kid` is capped and printable. */
  readonly ignored: readonly { readonly index: number; readonly kid: string | undefined; readonly reason: string }[];
}

export interface JwkSetOptions {
  /** The number of JWKs from which a set is refused as a whole; default 100. */
  readonly maxKeys?: number;
  /** Which `use` counts; null stands for none. Default `['sig', null]`. */
  readonly uses?: readonly (string | null)[];
  /** Whether a key without a `kid` is left out. */
  readonly requireKid?: boolean;
}

/**
 * Reads a JWK Set. Keys of unknown types and uses are left out (RFC 7517 §5), and so are symmetric, private, weak and
 * malformed ones.
 *
 * @param json the set as JSON text; whoever fetched it has capped its size
 * @throws JwsError `key_set` when it is not a JWK Set at all or has too many keys; `json`, `duplicate_member`,
 *   `too_deep` as for a token
 */
export function importJwkSet(json: string, options: JwkSetOptions = {}): ImportedJwkSet {
  const set = parseJsonObject(json);
  const jwks = Object.hasOwn(set, 'keys') ? set.keys : undefined;
  if (!Array.isArray(jwks)) throw new JwsError('key_set', 'not a JWK Set: it has no array named keys');
  const maxKeys = options.maxKeys ?? 100;
  if (jwks.length > maxKeys) throw new JwsError('key_set', `the JWK Set has more than ${maxKeys} keys`);
  const uses = options.uses ?? ['sig', null];
  const keys: PublicKey[] = [];
  const ignored: { index: number; kid: string | undefined; reason: string }[] = [];
  jwks.forEach((jwk: unknown, index) => {
    const result = importJwk(jwk, uses, options.requireKid ?? false);
    if (typeof result === 'string') ignored.push({ index, kid: shownKid(jwk), reason: result });
    else keys.push(result);
  });
  return { keys, ignored };
}

/** Members that only a private or symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** @returns the key, or why it is left out */
function importJwk(jwk: unknown, uses: readonly (string | null)[], requireKid: boolean): PublicKey | string {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return 'not an object';
  const member = (name: string): unknown =>
    Object.hasOwn(jwk, name) ? (jwk as Record<string, unknown>)[name] : undefined;
  const kty = member('kty');
  if (kty === 'oct') return 'a symmetric key';
  if (SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return 'a private key, which must not be published';
  const kid = member('kid');
  if (kid !== undefined && (typeof kid !== 'string' || Buffer.byteLength(kid) > 512))
    return 'kid is not a short string';
  const use = member('use');
  if (use !== undefined && typeof use !== 'string') return 'use is not a string';
  if (!uses.includes(use ?? null)) return 'use is not one that signs';
  if (requireKid && !kid) return 'it has no kid';
  const ops = member('key_ops');
  if (ops !== undefined && !(Array.isArray(ops) && ops.includes('verify'))) return 'key_ops does not hold verify';
  const material = readMaterial(member);
  if (typeof material === 'string') return material;
  const algorithms = narrow(material.algorithms, member('alg'));
  if (!algorithms) return 'alg does not go with the key';
  const issuer = member('issuer');
  return {
    kid,
    algorithms,
    use,
    issuer: typeof issuer === 'string' ? issuer : undefined,
    thumbprint: hash('sha256', JSON.stringify(material.required), 'base64url'),
    key: material.key,
  };
}

function narrow(algorithms: readonly SignatureAlgorithm[], alg: unknown): readonly SignatureAlgorithm[] | undefined {
  if (alg === undefined) return algorithms;
  const only = algorithms.filter((name) => name === alg);
  return only.length === 0 ? undefined : only;
}

function shownKid(jwk: unknown): string | undefined {
  if (typeof jwk !== 'object' || jwk === null || !Object.hasOwn(jwk, 'kid')) return undefined;
  const { kid } = jwk as { kid: unknown };
  return typeof kid === 'string' ? kid.slice(0, 64).replace(/[^\x20-\x7e]/g, '?') : undefined;
}
