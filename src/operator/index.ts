/** A cluster → what the engine serves. */
export { type AccessKind, type AccessSettings, type AccessVerdict, createAccess } from './access.ts';
export { clockCheck, clockIsWrong } from './clock-check.ts';
export { type ClusterIssuer, type ClusterIssuerSettings, followClusterIssuer } from './cluster-issuer.ts';
export { configMapKeys } from './config-maps.ts';
export type { Copies } from './copies.ts';
export { OperatorError, type OperatorErrorCode } from './errors.ts';
export { type HeldPolicy, type HeldRevocation, TENANT_LABEL } from './held.ts';
export { KEYS_CREATED, KEYS_SECRET, KeySecret, type KeySecretSettings, LEASE } from './key-secret.ts';
export { WATCHED } from './kinds.ts';
export { openKeys, type WaitingKeys } from './keys.ts';
export { reportStatus, type StatusReporter, type StatusSettings } from './status/controller.ts';
export type { TenancyMode } from './tenants.ts';
export { type ReviewedToken, reviewToken, tokenReviews } from './token-review.ts';
export { createTombstones, type Tombstones, type TombstonesSettings } from './tombstones.ts';
export { type ClusterView, type ClusterViewSettings, createClusterView } from './view.ts';
