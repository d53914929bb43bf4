/** What the API server answered that cannot be used. */

/** Stable codes of this directory. */
export type OperatorErrorCode =
  /** The API server's answer lacks what its kind always has. */
  | 'bad_answer'
  /** Somebody asked for the keys of an issuer that is not this cluster's. */
  | 'not_this_cluster'
  /** A ConfigMap without the key that a policy names. */
  | 'no_such_key'
  /** Our own serving certificate cannot be read or kept. */
  | 'tls_secret';

/** No message ever holds a token or a key. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: OperatorErrorCode;

  constructor(code: OperatorErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The HTTP status of a failed request to the API server; 0 where there was no answer. */
export function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : 0;
  return typeof status === 'number' ? status : 0;
}

const MAX_SHOWN = 200;

/** A failed request's own words, fit for one line of a log: `Status.reason` where there is one. */
export function reasonOf(error: unknown): string {
  const reason = typeof error === 'object' && error !== null && 'reason' in error ? error.reason : undefined;
  const text = typeof reason === 'string' && reason !== '' ? reason : error instanceof Error ? error.name : 'failed';
  return printable(text);
}

/** Text of others: printable ASCII, capped. */
export function printable(text: string, max = MAX_SHOWN): string {
  const clean = text.slice(0, max).replace(/[^ -~]/g, '?');
  return text.length > max ? `${clean}...` : clean;
}

/** An own member of something parsed; undefined for everything else. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** An own member that is a string. */
export function text(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' ? found : undefined;
}

/** The strings of a list, in its order. */
export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
