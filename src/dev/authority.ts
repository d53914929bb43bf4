/** One issuer: its name, its keys, and what it publishes. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { importJwkSet, signJws } from '../jws/index.ts';

const generate = promisify(generateKeyPair);

export type DevAlgorithm = 'RS256' | 'ES256';

interface SigningKey {
  readonly kid: string;
  readonly alg: DevAlgorithm;
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

async function newKey(alg: DevAlgorithm, use: string): Promise<SigningKey> {
  const { publicKey, privateKey } =
    alg === 'RS256' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg, use };
  const kid = importJwkSet(JSON.stringify({ keys: [jwk] }), { uses: [use] }).keys[0]!.thumbprint;
  return { kid, alg, privateKey, jwk: { ...jwk, kid } };
}

export class Authority {
  readonly #url: string;
  readonly #use: string;
  #rotations = 0;
  #signing: readonly SigningKey[] = [];
  #published: readonly SigningKey[] = [];

  private constructor(url: string, use: string) {
    this.#url = url;
    this.#use = use;
  }

  /**
   * @param url its issuer identifier, without a trailing slash; of a trust domain its SPIFFE ID
   * @param use of its keys
   */
  static async create(url: string, use: 'sig' | 'jwt-svid' = 'sig'): Promise<Authority> {
    const authority = new Authority(url, use);
    await authority.rotate(true);
    return authority;
  }

  get url(): string {
    return this.#url;
  }

  /** Makes new keys and signs with them. The former ones stay published until the next time, or go at once. */
  async rotate(withdraw: boolean): Promise<void> {
    const fresh = await Promise.all([newKey('RS256', this.#use), newKey('ES256', this.#use)]);
    this.#rotations += 1;
    this.#published = withdraw ? fresh : [...fresh, ...this.#signing];
    this.#signing = fresh;
  }

  /** OpenID Connect Discovery 1.0 §3: what whoever only verifies needs. */
  metadata(): Readonly<Record<string, unknown>> {
    return {
      issuer: this.#url,
      jwks_uri: `${this.#url}/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    };
  }

  jwks(): { readonly keys: readonly Readonly<Record<string, unknown>>[] } {
    return { keys: this.#published.map((key) => key.jwk) };
  }

  /** SPIFFE_Trust_Domain_and_Bundle.md §4.1. Asked for often, so that a rotation is soon seen. */
  bundle(): Readonly<Record<string, unknown>> {
    return { ...this.jwks(), spiffe_sequence: this.#rotations, spiffe_refresh_hint: 60 };
  }

  async sign(claims: Readonly<Record<string, unknown>>, alg: DevAlgorithm, typ?: string): Promise<string> {
    const { kid, privateKey } = this.#signing.find((key) => key.alg === alg)!;
    return signJws({ alg, kid, ...(typ !== undefined && { typ }) }, claims, privateKey);
  }
}
