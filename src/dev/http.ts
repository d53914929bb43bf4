/** HTTP that only programs on this machine may speak. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { DevIssuerError } from './errors.ts';

const MAX_BODY = 64 * 1024;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Refuses what a web page in a browser, or a proxy, may have sent: a page can have a name of its own that leads here.
 * @throws {DevIssuerError} `forbidden`
 */
export function onlyFromHere(req: IncomingMessage): void {
  const host = URL.parse(`http://${req.headers.host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '') ?? '';
  if (host !== 'localhost' && !isLoopback(host)) {
    throw new DevIssuerError('forbidden', 'Host must be localhost or an address of loopback');
  }
  for (const name of ['origin', 'forwarded', 'x-forwarded-for', 'x-forwarded-host'] as const) {
    if (req.headers[name] !== undefined) throw new DevIssuerError('forbidden', `${name} is refused: ask directly`);
  }
}

/** @returns the JSON body; undefined where there is none */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new DevIssuerError('invalid_request', `the body is larger than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  const [media = ''] = (req.headers['content-type'] ?? '').split(';', 1);
  if (media.trim().toLowerCase() !== 'application/json') {
    throw new DevIssuerError('invalid_request', 'content-type must be application/json');
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new DevIssuerError('invalid_request', 'the body is not JSON');
  }
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(`${JSON.stringify(body)}\n`);
}
