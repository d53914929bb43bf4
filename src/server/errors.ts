/** What goes wrong at the door, each with its stable code; the HTTP status follows from the code alone. */
import type { OAuthCode } from '../exchange/index.ts';
import type { ErrorCode } from '../exchange/types.ts';

/** Codes that only HTTP knows, beside the engine's. */
export type HttpErrorCode =
  | ErrorCode
  | OAuthCode
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'request_too_large'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'server_error';

/** Codes of a server that cannot start, and of a caller who left before there was anything to answer. */
export type ServerErrorCode =
  | HttpErrorCode
  | 'request_aborted'
  | 'tls_required'
  | 'tls_files'
  | 'listen_failed'
  | 'token_file';

const STATUS: Readonly<Record<ServerErrorCode, number>> = {
  invalid_request: 400,
  invalid_grant: 400,
  invalid_scope: 400,
  invalid_target: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_client: 401,
  invalid_proof: 401,
  unauthorized: 401,
  no_matching_policy: 403,
  exceeds_policy: 403,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  request_timeout: 408,
  request_too_large: 413,
  expectation_failed: 417,
  rate_limited: 429,
  headers_too_large: 431,
  request_aborted: 499,
  server_error: 500,
  tls_required: 500,
  tls_files: 500,
  listen_failed: 500,
  token_file: 500,
  temporarily_unavailable: 503,
};

const NOT_OF_EXCHANGES: ReadonlySet<string> = new Set<ServerErrorCode>([
  'unauthorized',
  'forbidden',
  'not_found',
  'conflict',
  'unsupported_response_type',
  'request_timeout',
  'headers_too_large',
  'expectation_failed',
  'tls_required',
  'tls_files',
  'listen_failed',
  'token_file',
]);
/** What an exchange may be answered, whichever door it came to. */
export const EXCHANGE_CODES: readonly string[] = [
  'ok',
  ...Object.keys(STATUS).filter((code) => !NOT_OF_EXCHANGES.has(code)),
];

/** The HTTP status of a stable code. */
export function statusOf(code: ServerErrorCode): number {
  return STATUS[code];
}

/** A refusal by the server itself. `message` is for the caller: it never holds a credential. */
export class ServerError extends Error {
  readonly code: ServerErrorCode;
  /** Response headers that the refusal needs: `Allow`, `WWW-Authenticate`, `Retry-After`. */
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(code: ServerErrorCode, message: string, headers?: Readonly<Record<string, string>>) {
    super(message);
    this.name = 'ServerError';
    this.code = code;
    this.headers = headers;
  }
}

/** A request that cannot be read; `message` says what would have been right. */
export function invalidRequest(message: string): ServerError {
  return new ServerError('invalid_request', message);
}

export function methodNotAllowed(allow: string): ServerError {
  return new ServerError('method_not_allowed', `use ${allow}`, { Allow: allow });
}

/** A challenge without an error code where no credential was sent (RFC 6750 §3.1), with one where it was refused. */
export const CHALLENGE = {
  missing: { 'WWW-Authenticate': 'Bearer realm="trustmint"' },
  refused: { 'WWW-Authenticate': 'Bearer realm="trustmint", error="invalid_token"' },
} as const;
