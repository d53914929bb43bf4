/** Reading a request's body: bounded while it arrives, uncompressed, strict UTF-8, strict JSON. For every route alike. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { type JsonObject, JwsError, parseJsonObject } from '../jws/index.ts';
import { invalidRequest, ServerError } from './errors.ts';
import { LINGER_BYTES } from './limits.ts';

const EMPTY = Buffer.alloc(0);

/**
 * The JSON object in the body, or undefined where there is no body.
 * @param maxBytes of the body; counted while reading, so that a length the caller declares is never believed
 * @throws ServerError `invalid_request`, `request_too_large`, or `request_aborted` if the caller left
 */
export async function readObject(req: IncomingMessage, maxBytes: number): Promise<JsonObject | undefined> {
  const body = textOf(req, await readBody(req, maxBytes), 'application/json');
  if (body === undefined) return undefined;
  try {
    return parseJsonObject(body);
  } catch (cause) {
    if (cause instanceof JwsError) throw invalidRequest(`the body cannot be read: ${cause.message}`);
    throw cause;
  }
}

/**
 * The body as text, or undefined where there is none.
 * @param type of the content, as it must be
 * @throws ServerError as `readObject`
 */
export async function readText(req: IncomingMessage, maxBytes: number, type: string): Promise<string | undefined> {
  return textOf(req, await readBody(req, maxBytes), type);
}

function textOf(req: IncomingMessage, body: Buffer, type: string): string | undefined {
  if (body.length === 0) return undefined;
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw invalidRequest('send the body without Content-Encoding');
  requireType(req.headers['content-type'], type);
  if (!isUtf8(body)) throw invalidRequest('the body is not UTF-8');
  return body.toString('utf8');
}

function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { 'content-length': declared, 'transfer-encoding': chunked } = req.headers;
  if (chunked === undefined && (declared === undefined || declared === '0')) return Promise.resolve(EMPTY);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let refused = false;
    const refuse = () => {
      refused = true;
      chunks.length = 0;
      reject(new ServerError('request_too_large', `the body is larger than ${maxBytes} bytes`));
    };
    if (Number(declared) > maxBytes) refuse();
    // What comes after a refusal is read and dropped: a connection reset under a sender's feet hides the answer.
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (refused) {
        if (size > LINGER_BYTES) req.destroy();
        return;
      }
      if (size > maxBytes) refuse();
      else chunks.push(chunk);
    });
    req.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    const aborted = () => {
      // Every request closes in the end; an error with its stack costs more than the rest of this file.
      if (!req.readableEnded)
        reject(new ServerError('request_aborted', 'the caller left before the request was complete'));
    };
    req.on('error', aborted);
    req.on('close', aborted);
  });
}

function requireType(type: string | undefined, wanted: string): void {
  if (type === wanted) return;
  const [media = '', ...parameters] = (type ?? '').slice(0, 256).split(';');
  if (media.trim().toLowerCase() !== wanted) throw invalidRequest(`send Content-Type: ${wanted}`);
  for (const parameter of parameters) {
    const text = parameter.trim().toLowerCase().replaceAll('"', '');
    if (text.startsWith('charset=') && text !== 'charset=utf-8') throw invalidRequest('the body must be UTF-8');
  }
}
