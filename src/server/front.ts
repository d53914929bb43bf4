/** The checks in front of every route of both listeners: a Host that makes sense, and no header that says two things. */
import type { IncomingMessage } from 'node:http';
import { invalidRequest, type ServerError } from './errors.ts';

const HOST_LENGTH = 261;
/** Of these Node keeps the first and drops the rest, so that two readers of one request might see two credentials. */
const SINGLE = ['host', 'authorization', 'content-type', 'content-encoding', 'origin'];
const LENGTHS = new Set(SINGLE.map((name) => name.length));

/** What is wrong with the request before anybody looks at its route, or undefined. */
export function inspect(req: IncomingMessage): ServerError | undefined {
  const repeated = repeatedHeader(req.rawHeaders);
  if (repeated !== undefined) return invalidRequest(`the header ${repeated} is sent twice`);
  const host = req.headers.host;
  if (host === undefined) {
    return req.httpVersion === '1.0' ? undefined : invalidRequest('the Host header is missing');
  }
  if (host.length > HOST_LENGTH || !/^[A-Za-z0-9._:[\]-]+$/.test(host)) {
    return invalidRequest('the Host header is not a host and port');
  }
  return undefined;
}

function repeatedHeader(raw: readonly string[]): string | undefined {
  let seen = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (!LENGTHS.has(name.length)) continue;
    const bit = 1 << (SINGLE.indexOf(name.toLowerCase()) + 1);
    if (bit === 1) continue;
    if (seen & bit) return name.toLowerCase();
    seen |= bit;
  }
  return undefined;
}
