/** The HTTP server: two listeners in front of an engine. */
export { ServerError, type ServerErrorCode } from './errors.ts';
export type { ClusterMetrics } from './metrics/cluster.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { createServer } from './server.ts';
export { tokenFile } from './token-file.ts';
export type {
  Access,
  Address,
  AgentAnswer,
  AgentCaller,
  AgentRegistry,
  CertificatePair,
  CertificateSource,
  Limits,
  Log,
  SecretProvider,
  ServerOptions,
  TlsFiles,
  TrustmintServer,
} from './types.ts';
