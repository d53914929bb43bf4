/** Our own keys: states, rotation, derivation. Where they are stored is a port. */
export { hkdfSha256 } from './derivation.ts';
export { KeyRingError, type KeyRingErrorCode } from './errors.ts';
export { FileKeyStore } from './file-key-store.ts';
export { type MakeJwtKeys, makeJwtKeys, type PublicJwk } from './jwt-keys.ts';
export type { KeyRing } from './key-ring.ts';
export { openKeyRing } from './open-key-ring.ts';
export type { KeyRingOptions, KeyView, RotateOptions, Rotation } from './options.ts';
export { Secret } from './secret.ts';
export { parseRing, RingReader, serializeRing } from './stored-ring.ts';
export type { JwtAlgorithm, KeyChange, KeyState, KeyStore, StoredKey, StoredKeyRing } from './types.ts';
