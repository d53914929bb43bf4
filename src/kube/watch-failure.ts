/** What went wrong with a list or a watch, in the words of a status. */
import { KubeApiError } from './errors.ts';
import type { ReflectorReason } from './reflector-types.ts';

/** Why a reflector has to begin again. */
export class Failure extends Error {
  readonly reason: ReflectorReason;
  /** Milliseconds that the server asked to wait. */
  readonly retryAfterMs: number;
  /** The watch may go on where it was: nothing was missed. */
  readonly resume: boolean;

  constructor(reason: ReflectorReason, message: string, more: { retryAfterMs?: number; resume?: boolean } = {}) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = more.retryAfterMs ?? 0;
    this.resume = more.resume ?? false;
  }
}

/**
 * @param cause what was thrown
 * @param where opening a watch, or reading it; or listing
 */
export function failureOf(cause: unknown, where: 'list' | 'open' | 'stream'): Failure {
  if (cause instanceof Failure) return cause;
  if (!(cause instanceof KubeApiError)) return new Failure('server_error', 'an unexpected error');
  const retryAfterMs = (cause.retryAfter ?? 0) * 1000;
  const reason = reasonOf(cause, where);
  // Not let in is no gap: the version from which to watch is as good as before.
  return new Failure(reason, cause.message, { retryAfterMs, resume: where === 'open' && reason === 'overloaded' });
}

function reasonOf({ status, reason }: KubeApiError, where: 'list' | 'open' | 'stream'): ReflectorReason {
  if (status === 410 || reason === 'Expired' || reason === 'Gone') return 'expired';
  if (reason === 'NoCredentials') return 'no_credentials';
  if (where === 'stream') return status === 0 ? 'stream_broken' : 'stream_error';
  if (reason === 'NetworkError') return 'network';
  if (status === 0 && reason === 'Timeout') return 'timeout';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'rbac_missing';
  if (status === 404) return 'crd_not_installed';
  if (status === 429 || status === 503) return 'overloaded';
  return 'server_error';
}

/** What a person has to put right: asking more often does not help. */
export function needsAPerson(reason: ReflectorReason): boolean {
  return reason === 'rbac_missing' || reason === 'crd_not_installed';
}
