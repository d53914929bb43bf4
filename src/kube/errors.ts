/** Why a request to the API server failed: what to do about it, and nothing that must not be logged. */
import type { KubeApiErrorInfo } from './types.ts';

/** One member of `Status.details.causes`, without its message: that may quote the object. */
export interface KubeErrorCause {
  readonly reason: string;
  readonly field: string;
}

/** Reasons of this client, beside those of a Status. */
export type OwnReason = 'NetworkError' | 'Timeout' | 'BadAnswer' | 'TooLarge' | 'NoCredentials' | 'Aborted';

/**
 * A request that failed. The message names the request and the reason; no header, no body, no credential.
 */
export class KubeApiError extends Error implements KubeApiErrorInfo {
  readonly status: number;
  readonly reason: string;
  readonly retryAfter?: number;
  readonly causes: readonly KubeErrorCause[];

  constructor(message: string, info: KubeApiErrorInfo & { readonly causes?: readonly KubeErrorCause[] }) {
    super(message);
    this.name = 'KubeApiError';
    this.status = info.status;
    this.reason = info.reason;
    if (info.retryAfter !== undefined) this.retryAfter = info.retryAfter;
    this.causes = info.causes ?? [];
  }

  /** The stable code: `reason`. */
  get code(): string {
    return this.reason;
  }
}

/** HTTP status → reason, where the body named none. */
const REASONS = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

/** Seconds that a server may make us wait at most. */
const MAX_RETRY_AFTER = 300;

/**
 * The error that an answer stands for.
 * @param what the request, as `list trustpolicies`
 * @param body the parsed body: a Status where all is well, anything otherwise
 * @param header the Retry-After header, in seconds
 */
export function errorOfStatus(what: string, status: number, body: unknown, header?: string): KubeApiError {
  const said = member(body, 'reason');
  const reason = typeof said === 'string' && word(said) ? said : (REASONS.get(status) ?? `Http${status}`);
  const details = member(body, 'details');
  const retryAfter = seconds(header) ?? seconds(member(details, 'retryAfterSeconds'));
  const listed = member(details, 'causes');
  const causes = (Array.isArray(listed) ? listed.slice(0, 16) : []).map((cause) => ({
    reason: printable(member(cause, 'reason')),
    field: printable(member(cause, 'field')),
  }));
  return new KubeApiError(`${what}: ${status} ${reason}`, {
    status,
    reason,
    causes,
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

/** The error of a request that got no answer. System codes (ECONNREFUSED) are kept, messages are not. */
export function networkError(what: string, cause: unknown): KubeApiError {
  if (cause instanceof KubeApiError) return cause;
  const code = member(cause, 'code');
  const shown = typeof code === 'string' && word(code) ? ` (${code})` : '';
  return new KubeApiError(`${what}: no answer${shown}`, { status: 0, reason: 'NetworkError' });
}

export function ownError(what: string, reason: OwnReason, why: string): KubeApiError {
  return new KubeApiError(`${what}: ${why}`, { status: 0, reason });
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
    return value instanceof Error ? (value as unknown as Record<string, unknown>)[name] : undefined;
  }
  return (value as Record<string, unknown>)[name];
}

function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0
    ? Math.min(number, MAX_RETRY_AFTER)
    : undefined;
}

function word(text: string): boolean {
  return /^[A-Za-z0-9_]{1,64}$/.test(text);
}

function printable(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?') : '';
}
