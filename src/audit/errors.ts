export type AuditErrorCode =
  /** The record did not reach every sink in time: what it grants must not leave. */
  'audit_unavailable' | 'invalid_option';

export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
