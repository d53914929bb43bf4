/** What a source of keys has served, in either format: a JWK Set, or a SPIFFE bundle, which is one with two more members. */
import { type ImportedJwkSet, importJwkSet, type JsonObject, parseJsonObject } from '../../jws/index.ts';

export interface KeySet extends ImportedJwkSet {
  /** `spiffe_sequence`: only ever grows. */
  readonly sequence?: bigint;
  /** `spiffe_refresh_hint`, kept within bounds: seconds until it should be asked for anew. */
  readonly refreshSeconds?: number;
}

/** The publisher may not have us ask so often that we harm it, nor so seldom that a key it withdrew goes on verifying. */
const MIN_REFRESH = 30;
const MAX_REFRESH = 3600;

/**
 * Reads the keys of a source. Of a bundle (SPIFFE_Trust_Domain_and_Bundle.md §4) only those for JWT-SVIDs that have a
 * name, by which alone they are found; others, and elements of unknown `use` or `kty`, are left out. A bundle may have
 * no key at all: then nothing of its trust domain verifies.
 *
 * @throws JwsError as importJwkSet
 */
export function readKeySet(text: string, isBundle: boolean): KeySet {
  if (!isBundle) return importJwkSet(text);
  const set = importJwkSet(text, { uses: ['jwt-svid'], requireKid: true });
  const bundle = parseJsonObject(text);
  const sequence = own(bundle, 'spiffe_sequence');
  const hint = own(bundle, 'spiffe_refresh_hint');
  return {
    ...set,
    ...(isSequence(sequence) && { sequence: BigInt(sequence) }),
    ...(typeof hint === 'number' && hint > 0 && { refreshSeconds: Math.min(MAX_REFRESH, Math.max(MIN_REFRESH, hint)) }),
  };
}

function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** At least 64 bits are in use, more than a number holds: then it comes as its digits. */
function isSequence(value: unknown): value is number | string {
  return typeof value === 'string' ? /^[0-9]{1,20}$/.test(value) : Number.isSafeInteger(value) && Number(value) >= 0;
}
