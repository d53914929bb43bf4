/** The one place where answers are rendered: success and refusal, hot routes and express routes. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { codeAt } from '../exchange/index.ts';
import type { Door, Refusal } from '../exchange/types.ts';
import type { RequestContext } from './context.ts';
import { CHALLENGE, ServerError, type ServerErrorCode, statusOf } from './errors.ts';
import type { Log } from './types.ts';

type Headers = Readonly<Record<string, string>>;

const JSON_TYPE = 'application/json';
const DESCRIPTION_LENGTH = 512;
/** Seconds to wait before asking again, where the refusal does not say. */
const RETRY_AFTER = { rate_limited: 1, temporarily_unavailable: 5 } as const;

/** Sends `body` as it is. Nothing is cached (RFC 6749 §5.1, of every answer) but what says so itself. */
export function send(
  res: ServerResponse,
  context: RequestContext,
  status: number,
  type: string,
  body: string,
  extra?: Headers,
): void {
  if (res.headersSent || res.destroyed) return;
  if (context.lifecycle.draining) res.shouldKeepAlive = false;
  const length = Buffer.byteLength(body);
  const headers = {
    'Content-Type': type,
    'Content-Length': length,
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    'X-Correlation-Id': context.correlationId,
  };
  res.writeHead(status, extra ? merged(headers, extra) : headers);
  // ASCII is the same in both, and quicker to write as the one that needs no encoding.
  res.end(body, length === body.length ? 'latin1' : 'utf8');
}

export function sendJson(
  res: ServerResponse,
  context: RequestContext,
  status: number,
  value: unknown,
  extra?: Headers,
): void {
  send(res, context, status, JSON_TYPE, JSON.stringify(value), extra);
}

/** 304: what the caller holds is still right (RFC 9110 §15.4.5). */
export function sendNotModified(res: ServerResponse, context: RequestContext, extra: Headers): void {
  if (res.headersSent || res.destroyed) return;
  if (context.lifecycle.draining) res.shouldKeepAlive = false;
  const headers = {
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    'X-Correlation-Id': context.correlationId,
  };
  res.writeHead(304, merged(headers, extra));
  res.end();
}

/** What may be cached does not say the opposite to caches of HTTP/1.0. */
function merged(headers: Record<string, string | number>, extra: Headers): Record<string, string | number> {
  const all: Record<string, string | number> = { ...headers, ...extra };
  if (all['Cache-Control'] !== 'no-store') delete all.Pragma;
  return all;
}

/** `{error, error_description, correlation_id}` with the status and headers that belong to the code. */
export function sendError(res: ServerResponse, context: RequestContext, error: ServerError): void {
  const body = errorBody(error.code, error.message, context.correlationId);
  send(res, context, statusOf(error.code), JSON_TYPE, body, error.headers);
}

/** A refusal at one of OAuth's doors, in its words. */
export function asOAuthError(refusal: Refusal, door: Exclude<Door, 'native'>): ServerError {
  return errorOf(refusal, codeAt(door, refusal));
}

/** A refusal as the engine gave it, with the headers HTTP adds: a challenge, or when to come back. */
export function asError(refusal: Refusal): ServerError {
  return errorOf(refusal, refusal.code);
}

function errorOf(refusal: Refusal, code: ServerErrorCode): ServerError {
  const { message } = refusal;
  if (code === 'invalid_proof') return new ServerError(code, message, CHALLENGE.refused);
  if (code !== 'rate_limited' && code !== 'temporarily_unavailable') return new ServerError(code, message);
  const seconds = Math.max(1, Math.ceil(refusal.retryAfter ?? RETRY_AFTER[code]));
  return new ServerError(code, message, { 'Retry-After': String(seconds) });
}

/**
 * Whatever a handler threw, as something to answer. What is not ours is a 500 that says nothing and is logged by its
 * frames alone: the messages of others may quote the request.
 */
export function recover(cause: unknown, context: RequestContext, log: Log): ServerError {
  if (cause instanceof ServerError) return cause;
  // express refuses a path that is not well percent-encoded with an error of its own.
  if (cause instanceof URIError) return new ServerError('invalid_request', 'the path is not well encoded');
  const error = cause instanceof Error ? cause : new Error();
  const stack = error.stack ?? '';
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  log('error', 'a request failed unexpectedly', {
    correlationId: context.correlationId,
    error: error.name,
    frames: frames.slice(0, 8).join(' <').replaceAll('    at ', ' '),
  });
  return new ServerError('server_error', 'something failed inside; the operator finds it by the correlation id');
}

/** An answer on a socket whose request could not be parsed, so that there is no response object to write to. */
export function rawError(code: ServerErrorCode, message: string, correlationId: string): string {
  const body = errorBody(code, message, correlationId);
  const status = statusOf(code);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Pragma: no-cache',
    'X-Content-Type-Options: nosniff',
    `X-Correlation-Id: ${correlationId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

function errorBody(code: ServerErrorCode, message: string, correlationId: string): string {
  return JSON.stringify({ error: code, error_description: description(message), correlation_id: correlationId });
}

/** RFC 6749 §5.2 allows `%x20-21 / %x23-5B / %x5D-7E` in a description: no quotes, backslashes or non-ASCII. */
function description(message: string): string {
  return message
    .slice(0, DESCRIPTION_LENGTH)
    .replaceAll('"', "'")
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
}
