/** The API server: requests, and copies of its collections that follow it. Knows no Trustmint kind. */
export { type ClientOptions, createKubeClient } from './client.ts';
export { ClockSkew } from './clock-skew.ts';
export {
  type Condition,
  type ConditionStatus,
  changedConditions,
  kubeTime,
  mergeConditions,
  type NewCondition,
  readConditions,
} from './conditions.ts';
export { type ConfigOptions, loadInCluster, loadKubeconfig } from './config.ts';
export type { CredentialSource, Credentials } from './credentials.ts';
export { KubeApiError, type KubeErrorCause } from './errors.ts';
export type { EventToRecord } from './event-object.ts';
export { tellOnce } from './event-once.ts';
export { EventRecorder, type EventRecorderOptions } from './events.ts';
export { type FollowedNamespaces, followNamespaces } from './followed-namespaces.ts';
export { type ElectionTimings, LeaderElector, type LeaderElectorOptions } from './leader-election.ts';
export { LeaseMark, type LeaseMarkOptions } from './lease-mark.ts';
export { LeaseNotes, type LeaseNotesOptions, type Notes } from './lease-notes.ts';
export { listAll } from './pages.ts';
export { createReflector } from './reflector.ts';
export {
  type Change,
  type HowGone,
  type KubeLog,
  REFLECTOR_REASONS,
  type Reflector,
  type ReflectorCounters,
  type ReflectorOptions,
  type ReflectorReason,
  type ReflectorStatus,
  type ReflectorTimings,
} from './reflector-types.ts';
export { TokenBucket } from './retry-limits.ts';
export { type StatusOutcome, StatusWriter, type StatusWriterOptions } from './status-writer.ts';
export {
  type QueueRunning,
  type ReconcileResult,
  TerminalError,
  WorkQueue,
  type WorkQueueMetrics,
  type WorkQueueOptions,
} from './work-queue.ts';
