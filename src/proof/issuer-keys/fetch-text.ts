/** One GET of a small JSON document from a host that is not trusted with anything. */
import { lookup as systemLookup } from 'node:dns/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { unlessAborted } from './abort.ts';
import { addressKind, mayDial } from './address.ts';
import { KeySourceError, printable } from './errors.ts';
import { hostOf, namesLoopback, parseKeyUrl, shownUrl } from './key-url.ts';

/** Bytes. */
export const MAX_BODY = 256 * 1024;
const MAX_REDIRECTS = 3;

export interface FetchRequest {
  /** Already passed through {@link parseKeyUrl}. */
  readonly url: URL;
  /** PEM certificates that replace the system's. */
  readonly caBundle?: string;
  readonly allowPrivate: boolean;
  /** Whether this machine itself may be dialled, where the URL names it. */
  readonly loopback: boolean;
  /** Whether redirects are refused rather than followed within the origin. */
  readonly refuseRedirects?: boolean;
  /** Ends the fetch: its deadline is its caller's. */
  readonly signal: AbortSignal;
}

/**
 * Fetches a document as text.
 *
 * @throws {KeySourceError}, or the signal's reason
 */
export type FetchText = (request: FetchRequest) => Promise<string>;

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveBySystem: Resolve = async (host) =>
  (await systemLookup(host, { all: true, verbatim: true })).map((a) => a.address);

/**
 * One lookup per name at a time. The system's cannot be cancelled, and few run at once: those for a name whose servers
 * are dead, abandoned one after the other, would queue up before everyone else's.
 */
function shared(resolve: Resolve): Resolve {
  const pending = new Map<string, Promise<readonly string[]>>();
  return (host) => {
    const lookup = pending.get(host) ?? resolve(host).finally(() => pending.delete(host));
    pending.set(host, lookup);
    return lookup;
  };
}

/**
 * Makes the fetcher: https, or http to this machine where that is allowed; no proxy, no cookie, no credential, no
 * decompression; redirects within the origin only; the address that is dialled is the address that was checked.
 */
export function createFetchText(resolver: Resolve = resolveBySystem): FetchText {
  const resolve = shared(resolver);
  return async (request) => {
    try {
      return await follow(request, resolve);
    } catch (error) {
      request.signal.throwIfAborted();
      throw error;
    }
  };
}

async function follow(request: FetchRequest, resolve: Resolve): Promise<string> {
  let url = request.url;
  for (let hops = 0; ; hops++) {
    const answer = await get({ ...request, url }, resolve);
    try {
      const location = redirectOf(answer);
      if (location === undefined) return await textOf(answer, url);
      if (request.refuseRedirects) throw new KeySourceError('bad_redirect', `${shownUrl(url)} redirects`);
      if (hops === MAX_REDIRECTS) throw new KeySourceError('bad_redirect', `${shownUrl(url)} redirects too often`);
      url = sameOrigin(url, location, request.loopback);
    } finally {
      answer.destroy();
    }
  }
}

async function get(request: FetchRequest, resolve: Resolve): Promise<IncomingMessage> {
  const { url, caBundle, signal } = request;
  const addresses = await vettedAddresses(request, resolve);
  const list = addresses.map((address) => ({ address, family: isIP(address) }));
  // The name is not resolved a second time: what was checked is what is dialled.
  const lookup: LookupFunction = (_host, options, callback) => {
    const first = list[0]!;
    if (options.all) callback(null, list);
    else callback(null, first.address, first.family);
  };
  // Too late to be dialled at all: an aborted request still opens its connection.
  signal.throwIfAborted();
  const common = {
    method: 'GET',
    lookup,
    signal,
    headers: {
      accept: 'application/json, application/jwk-set+json',
      'accept-encoding': 'identity',
      'user-agent': 'trustmint',
    },
  };
  return await new Promise((done, fail) => {
    const failed = (error: Error & { code?: unknown }) =>
      fail(
        new KeySourceError('unreachable', `${shownUrl(url)}: ${printable(String(error.code ?? error.message), 80)}`),
      );
    // An agent of its own: the global one may have been told to use a proxy.
    const outgoing =
      url.protocol === 'https:'
        ? https.request(url, { ...common, ca: caBundle, rejectUnauthorized: true, agent: new https.Agent() })
        : http.request(url, { ...common, agent: new http.Agent() });
    outgoing.on('error', failed);
    outgoing.on('response', done);
    outgoing.end();
  });
}

async function vettedAddresses(request: FetchRequest, resolve: Resolve): Promise<readonly string[]> {
  const { url, allowPrivate, loopback } = request;
  const host = hostOf(url);
  const found = isIP(host) ? [host] : await addressesOf(host, request, resolve);
  const here = loopback && namesLoopback(url);
  const allowed = found.filter((address) => mayDial(address, allowPrivate, here));
  if (allowed.length > 0) return allowed;
  const hint = !here && found.some((a) => addressKind(a) === 'private') ? '; allowPrivate would permit it' : '';
  throw new KeySourceError(
    'address_refused',
    `${shownUrl(url)} leads to ${printable(found.join(', '), 80)}, which may not be dialled${hint}`,
  );
}

async function addressesOf(host: string, { url, signal }: FetchRequest, resolve: Resolve) {
  let found: readonly string[] = [];
  try {
    found = await unlessAborted(signal, resolve(host));
  } catch {
    signal.throwIfAborted();
  }
  if (found.length > 0) return found;
  throw new KeySourceError('unresolvable', `${shownUrl(url)}: the host has no address`);
}

const REDIRECTS: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308]);

function redirectOf(answer: IncomingMessage): string | undefined {
  return REDIRECTS.has(answer.statusCode) ? answer.headers.location : undefined;
}

function sameOrigin(from: URL, location: string, loopback: boolean): URL {
  const to = URL.parse(location, from.href);
  if (!to || to.origin !== from.origin) {
    throw new KeySourceError('bad_redirect', `${shownUrl(from)} redirects to another origin`);
  }
  return parseKeyUrl(to.href, loopback);
}

async function textOf(answer: IncomingMessage, url: URL): Promise<string> {
  const shown = shownUrl(url);
  const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = answer.headers;
  if (answer.statusCode !== 200) throw new KeySourceError('bad_status', `${shown} answered ${answer.statusCode}`);
  if (encoding.toLowerCase() !== 'identity') {
    throw new KeySourceError('encoded_body', `${shown} answered in the encoding ${printable(encoding, 40)}`);
  }
  if (!isJsonLike(type)) {
    throw new KeySourceError('bad_content_type', `${shown} answered ${printable(type, 80)} instead of JSON`);
  }
  const tooLarge = new KeySourceError('too_large', `${shown} answered more than ${MAX_BODY / 1024} KiB`);
  if (Number(answer.headers['content-length'] ?? 0) > MAX_BODY) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY) throw tooLarge;
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof KeySourceError) throw error;
    throw new KeySourceError('unreachable', `${shown}: the answer broke off`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks, size));
  } catch {
    throw new KeySourceError('not_json', `${shown} is not UTF-8`);
  }
}

/** Key sets stand on file servers too, which call them text or bytes; a web page is a mistake worth naming. */
function isJsonLike(contentType: string): boolean {
  const media = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  return (
    media === '' ||
    media === 'application/json' ||
    (media.startsWith('application/') && media.endsWith('+json')) ||
    media === 'application/octet-stream' ||
    media === 'text/plain' ||
    media === 'text/json'
  );
}
