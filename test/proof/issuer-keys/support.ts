/** Local issuers, keys and certificates for the tests of issuer-keys. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Anchor, KeySource } from '../../../src/identity.ts';
import { createFetchText, type Resolve } from '../../../src/proof/issuer-keys/fetch-text.ts';
import { createIssuerKeys, type FetchRequest, type IssuerKeysOptions } from '../../../src/proof/issuer-keys/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A fresh P-256 public key as a JWK. */
export function jwk(kid: string | undefined, extra: Record<string, unknown> = {}): Record<string, unknown> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }), use: 'sig', ...extra };
}

export const jwks = (...keys: Record<string, unknown>[]) => JSON.stringify({ keys });

export function anchor(id: string, keys: KeySource, issuer = 'https://issuer.example'): Anchor {
  return { id, provider: 'oidc', issuer, keys, algorithms: ['ES256', 'RS256'], proofCheck: 'Signature' };
}

/** The bundle endpoint of a trust domain. */
export const endpoint = (url: string, more: { caBundle?: string; allowPrivate?: boolean } = {}): KeySource => ({
  kind: 'bundleEndpoint',
  url,
  allowPrivate: false,
  ...more,
});
/** The anchor of a trust domain. */
export const domain = (name: string, keys: KeySource): Anchor => ({
  ...anchor(name, keys, `spiffe://${name}`),
  provider: 'spiffe',
});
/** A fresh key for JWT-SVIDs. */
export const svidKey = (kid: string | undefined, extra: Record<string, unknown> = {}) =>
  jwk(kid, { use: 'jwt-svid', ...extra });
export const bundle = (keys: Record<string, unknown>[], more: object = {}) => JSON.stringify({ keys, ...more });

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Every request that arrived. */
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** A server on a free port of loopback; `tls` makes it https. */
export async function serve(
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  tls?: { readonly key: string; readonly cert: string },
): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (req, res) => {
    requests.push(req);
    answer(req, res);
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

type Serve = typeof serve;

/** Starts servers for the tests of one suite, and closes them all. */
export function servers(): { start: Serve; closeAll(): Promise<void> } {
  const started: TestServer[] = [];
  return {
    async start(...args) {
      const server = await serve(...args);
      started.push(server);
      return server;
    },
    async closeAll() {
      for (const server of started.splice(0)) await server.close();
    },
  };
}

/** Fetches as an issuer's keys are fetched, from loopback. */
export const get = (url: string, options: Partial<FetchRequest> = {}, resolve?: Resolve) =>
  createFetchText(resolve)({
    url: new URL(url),
    allowPrivate: false,
    loopback: true,
    signal: new AbortController().signal,
    ...options,
  });

export function sendJson(res: ServerResponse, body: string, headers: Record<string, string> = {}): void {
  res.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
}

/** A certificate for localhost and 127.0.0.1 that is its own CA; undefined where there is no openssl. */
export function selfSigned(): { readonly key: string; readonly cert: string } | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'trustmint-cert-'));
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const out = ['-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', ...curve, ...names, ...out], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } catch {
    return undefined;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Lets pending callbacks and promises run. */
export const settle = () => new Promise<void>((done) => setImmediate(done));

export const URL_A = 'https://a.example/keys';
export const URL_B = 'https://b.example/keys';
export const at = (url: string, more: { caBundle?: string; allowPrivate?: boolean } = {}): KeySource => ({
  kind: 'jwksUrl',
  url,
  allowPrivate: false,
  ...more,
});
export const OUTAGE = { name: 'ProofError', code: 'keys_unavailable', outage: true };
export const UNKNOWN = { name: 'ProofError', code: 'unknown_kid', outage: false };
export const HANG = Symbol('never answers');

/** Issuers' keys over a web of key documents by URL: a text, an error, or silence. */
export function setUp(options: Partial<IssuerKeysOptions> = {}) {
  const clock = new FakeClock();
  const web = new Map<string, string | Error | typeof HANG>();
  const fetched: FetchRequest[] = [];
  const keys = createIssuerKeys({
    clock,
    random: (n) => new Uint8Array(n),
    allowLoopbackHttp: false,
    fetchText: async (request) => {
      fetched.push(request);
      const found = web.get(request.url.href);
      if (found === HANG) return new Promise(() => {});
      if (typeof found === 'string') return found;
      throw found ?? new Error('nothing there');
    },
    ...options,
  });
  return { clock, web, fetched, keys };
}

export const kidsOf = async (found: Promise<readonly { kid: string | undefined }[]>) =>
  (await found).map((key) => key.kid);
