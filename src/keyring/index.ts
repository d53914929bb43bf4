/** Our own keys: states, rotation, derivation. Where they are stored is a port. */
export { hkdfSha256 } from './derivation.ts';
export { KeyRingError, type KeyRingErrorCode } from './errors.ts';
export { FileKeyStore } from './file-key-store.ts';
export { type KeyRing, openKeyRing } from './key-ring.ts';
export type { KeyRingOptions, KeyView, Rotation } from './options.ts';
export { Secret } from './secret.ts';
export { parseRing, serializeRing } from './stored-ring.ts';
export type { JwtAlgorithm, KeyChange, KeyState, KeyStore, StoredKey, StoredKeyRing } from './types.ts';
