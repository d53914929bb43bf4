/** Where audit lines go. One `write` is under way at a time. */
export interface AuditSink {
  /** For the log and the status: `stdout`, `file`. */
  readonly name: string;
  /**
   * Resolves when the operating system has taken all of it; rejects when some of it may be lost.
   *
   * @param lines whole lines, each with its newline
   */
  write(lines: string): Promise<void>;
  close(): Promise<void>;
}

/** Why a sink failed, safe for a log: a system error code, never the text that was written. */
export function failureOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'failed';
}
