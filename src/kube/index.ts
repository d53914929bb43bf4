/** The API server: requests, and copies of its collections that follow it. Knows no Trustmint kind. */
export { type ClientOptions, createKubeClient } from './client.ts';
export { type ConfigOptions, loadInCluster, loadKubeconfig } from './config.ts';
export type { CredentialSource, Credentials } from './credentials.ts';
export { KubeApiError, type KubeErrorCause } from './errors.ts';
export { createReflector } from './reflector.ts';
export type {
  Change,
  KubeLog,
  Reflector,
  ReflectorCounters,
  ReflectorOptions,
  ReflectorReason,
  ReflectorStatus,
  ReflectorTimings,
} from './reflector-types.ts';
