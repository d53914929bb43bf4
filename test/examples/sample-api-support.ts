/** The sample API on a free port, with the keys of a mint that is not there: plain JavaScript, whose shapes stand here once. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AccessTokenRequest, mintAccessToken } from '../../src/access-token/index.ts';
import { AUDIENCE, accessRequest, ISSUER, JWKS, KEY, NOW } from '../access-token/support.ts';
import { type Answer, ask, type Sent } from '../server/support.ts';

const FOLDER = resolve(import.meta.dirname, '../../examples/sample-api');
const load = async (name: string) => await import(pathToFileURL(join(FOLDER, name)).href);

export interface VerifierOptions {
  readonly issuer: string;
  readonly jwksUrl: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly now?: () => Date;
}

type Verify = (token: string) => Promise<object>;

export const { createVerifier } = (await load('access-token.mjs')) as {
  createVerifier: (options: VerifierOptions) => Verify;
};
export const { createApi } = (await load('api.mjs')) as {
  createApi: (options: {
    readonly verify: Verify;
    readonly resource: string;
    readonly issuer: string;
    readonly writeScope: string;
    readonly log?: (message: string) => void;
  }) => http.RequestListener;
};
export const { metadataPath } = (await load('bearer.mjs')) as { metadataPath: (resource: string) => string };

export const RESOURCE = 'https://api.example/notes-api';
export const SCOPE = 'sample-api-a:write';

export interface SampleApi {
  readonly url: string;
  /** What it logged. */
  readonly log: readonly string[];
  /** What the mint publishes; `undefined`: it answers 500. May be changed. */
  published: { readonly keys: readonly object[] } | undefined;
  /** How often it was asked. */
  readonly asked: () => number;
  call(
    path: string,
    token?: string,
    sent?: Omit<Sent, 'headers'> & { headers?: Record<string, string> },
  ): Promise<Answer>;
  write(token: string, text?: string): Promise<Answer>;
  close(): Promise<void>;
}

/** Listens on a free port. */
async function listening(server: http.Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function startSampleApi(more: Partial<VerifierOptions> = {}): Promise<SampleApi> {
  const log: string[] = [];
  let asked = 0;
  const mint = http.createServer((_req, res) => {
    asked++;
    if (api.published) res.setHeader('content-type', 'application/json').end(JSON.stringify(api.published));
    else res.writeHead(500).end();
  });
  const jwksUrl = `${await listening(mint)}/oauth2/jwks`;
  const now = () => new Date(NOW * 1000);
  const verify = createVerifier({ issuer: ISSUER, jwksUrl, audience: AUDIENCE, algorithms: ['ES256'], now, ...more });
  const say = (message: string) => log.push(message);
  const server = http.createServer(
    createApi({ verify, resource: RESOURCE, issuer: ISSUER, writeScope: SCOPE, log: say }),
  );
  const url = await listening(server);
  const call: SampleApi['call'] = (path, token, sent = {}) =>
    ask(`${url}${path}`, { ...sent, headers: { ...(token && { Authorization: `Bearer ${token}` }), ...sent.headers } });
  const api: SampleApi = {
    ...{ url, log, call, published: JWKS, asked: () => asked },
    write: (token, text = 'a note') =>
      call('/notes', token, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
      }),
    async close() {
      for (const one of [server, mint]) {
        one.closeAllConnections();
        await new Promise((done) => one.close(done));
      }
    },
  };
  return api;
}

/** A token as the mint makes it. */
export const tokenOf = (more: Partial<AccessTokenRequest> = {}) => mintAccessToken(accessRequest(more), KEY);
