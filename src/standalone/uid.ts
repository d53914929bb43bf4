/** Uids of objects that no API server gave one. */
import { createHash } from 'node:crypto';

/** UUIDv5 of the DNS name `trustmint.dev` (RFC 9562 §5.5): the namespace of every standalone uid. */
export const UID_NAMESPACE = '2f0678b8-9938-57ab-b5e4-0c0a6f18b2b4';

/** The name-based UUID (RFC 9562 §5.5, version 5) of a name in a namespace. */
export function uuidv5(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name, 'utf8')
    .digest()
    .subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * The uid of an object read from a file: it depends on nothing but what the object is called, so grants and budgets
 * survive a restart. The name is `kind/namespace/name`; the namespace is empty where the kind has none.
 */
export function uidOf(kind: string, namespace: string | undefined, name: string): string {
  return uuidv5(UID_NAMESPACE, `${kind}/${namespace ?? ''}/${name}`);
}
