export { KeySourceError, type KeySourceErrorCode } from './errors.ts';
export type { FetchRequest, FetchText } from './fetch-text.ts';
export { type AnchorKeysStatus, createIssuerKeys, type IssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts';
export { isJwkSet } from './jwk-set.ts';
export type { ClusterKeys, ConfigMapKeys } from './sources.ts';
