/** One JSON line per exchange, written before the answer leaves. */
export { type Audit, type AuditOptions, createAudit } from './audit.ts';
export { auditIdentity, fingerprint } from './encode.ts';
export { AuditError, type AuditErrorCode } from './errors.ts';
export { type FileSinkOptions, fileSink } from './file-sink.ts';
export { type FormatOptions, formatRecord } from './format.ts';
export type {
  AuditEvent,
  AuditGrant,
  AuditIdentity,
  AuditPolicy,
  AuditRecord,
  AuditRefusal,
  ExchangeEvent,
  KeyEvent,
  PolicyEvent,
  RevocationEvent,
  SuppressedEvent,
} from './record.ts';
export type { AuditSink } from './sink.ts';
export type { SinkStatus } from './sink-queue.ts';
export { streamSink } from './stream-sink.ts';
export { type TailItem, type TailOptions, tailAudit } from './tail.ts';
