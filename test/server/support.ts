/** A server on free loopback ports around an engine that says what the test wants, and a client that sends anything. */
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type {
  DoorRefusal,
  Engine,
  ExchangeOutcome,
  ExchangeRequest,
  ExplainRequest,
  Grant,
  PoliciesReport,
  Refusal,
  RevokeOutcome,
  RevokeRequest,
  VerifyOutcome,
  VerifyRequest,
  Vitals,
} from '../../src/exchange/types.ts';
import { createServer, type ServerOptions, type TrustmintServer } from '../../src/server/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { REPORT, VITALS } from './reports.ts';

export { REPORT } from './reports.ts';

export const PROOF = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';

export const GRANT: Grant = {
  granted: true,
  token: 'AgEIdHJ1c3RtaW50',
  tokenType: 'macaroon',
  jti: 'jti-1',
  grantId: 'gid-1',
  expiresAt: Date.parse('2026-01-01T08:00:00Z') / 1000,
  expiresIn: 28_800,
  policy: 'ai-agents/research',
  rule: 'research',
  tenant: 'acme',
  resource: 'default',
  caveats: ['time < 2026-01-01T08:00:00Z', 'department = research'],
};

/** Answers what its members say and remembers what it was asked. */
export class FakeEngine implements Engine {
  readonly exchanges: ExchangeRequest[] = [];
  readonly refusals: DoorRefusal[] = [];
  readonly verified: VerifyRequest[] = [];
  readonly introspected: string[] = [];
  readonly revoked: RevokeRequest[] = [];
  readonly explained: ExplainRequest[] = [];
  known = { issuer: 'https://mint.example', scopes: ['a:r'] };
  onExchange: (request: ExchangeRequest) => ExchangeOutcome | Promise<ExchangeOutcome> = () => GRANT;
  onVerify: () => VerifyOutcome | ReturnType<Engine['verify']> = () => ({ active: false, staleSeconds: 0 });
  onIntrospect: () => ReturnType<Engine['introspect']> = () => ({ active: false });
  onRevoke: () => RevokeOutcome | Refusal = () => ({ made: false });
  onKeys: Engine['keys'] = () => ({ keys: [{ kid: 'k1', key: 'AAAA', state: 'active' }] });
  onJwks: Engine['jwks'] = () => ({
    keys: [{ kid: 'k1.es256', alg: 'ES256', use: 'sig', kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' }],
  });
  onRevocations: Engine['revocations'] = () => ({ generatedAt: '2026-01-01T00:00:00Z', entries: [] });
  onExplain: Engine['explain'] = async () => ({
    granted: false,
    code: 'invalid_proof',
    message: 'no',
    detail: 'expired',
  });
  report: PoliciesReport = REPORT;
  numbers: Vitals = VITALS;
  checks: ReturnType<Engine['readiness']> = [{ name: 'keys', ok: true }];

  async exchange(request: ExchangeRequest) {
    this.exchanges.push(request);
    return this.onExchange(request);
  }
  async doorRefused(refusal: DoorRefusal) {
    this.refusals.push(refusal);
  }
  verify(request: VerifyRequest) {
    this.verified.push(request);
    return this.onVerify();
  }
  introspect(token: string) {
    this.introspected.push(token);
    return this.onIntrospect();
  }
  async revoke(request: RevokeRequest) {
    this.revoked.push(request);
    return this.onRevoke();
  }
  discovery() {
    return this.known;
  }
  keys(resource: string) {
    return this.onKeys(resource);
  }
  jwks() {
    return this.onJwks();
  }
  revocations(resource: string) {
    return this.onRevocations(resource);
  }
  explain(request: ExplainRequest) {
    this.explained.push(request);
    return this.onExplain(request);
  }
  policies() {
    return this.report;
  }
  vitals() {
    return this.numbers;
  }
  readiness() {
    return this.checks;
  }
}

export interface Harness {
  readonly engine: FakeEngine;
  readonly clock: FakeClock;
  readonly server: TrustmintServer;
  readonly url: string;
  readonly opsUrl: string;
  readonly logs: { level: string; message: string; fields: Record<string, unknown> }[];
}

const started: TrustmintServer[] = [];
const agents: { destroy(): void }[] = [];

/** Starts a server; `stopAll` ends it. */
export async function start(overrides: Partial<ServerOptions> = {}): Promise<Harness> {
  const engine = new FakeEngine();
  const clock = new FakeClock();
  const logs: Harness['logs'] = [];
  const server = createServer({
    engine,
    clock,
    random: (n) => randomBytes(n),
    log: (level, message, fields = {}) => logs.push({ level, message, fields }),
    listen: { host: '127.0.0.1', port: 0 },
    opsListen: { host: '127.0.0.1', port: 0 },
    insecureHttp: false,
    version: '1.2.3',
    ...overrides,
  });
  started.push(server);
  return { engine, clock, server, logs, ...(await server.start()) };
}

/** Closes all servers and agents of the test. */
export async function stopAll(): Promise<void> {
  for (const agent of agents.splice(0)) agent.destroy();
  for (const server of started.splice(0)) await server.close(0);
}

/** An agent with one kept-alive connection. */
export function oneConnection(): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  readonly json: any;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders | string[];
  readonly body?: string | Buffer;
  readonly agent?: http.Agent;
  readonly tls?: https.RequestOptions;
}

/** Sends one request as it is told to. */
export function ask(url: string, { method = 'GET', headers = {}, body, agent, tls }: Sent = {}): Promise<Answer> {
  const library = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const req = library.request(url, { method, headers, agent: agent ?? false, ...tls }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let json: unknown;
        try {
          json = JSON.parse(text);
        } catch {}
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json });
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** POSTs JSON. */
export function post(url: string, value: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  return ask(url, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });
}

/** Writes bytes to the server's port and reads until it closes the connection. */
export function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

/** A promise and its handle. */
export function gate<T = void>() {
  return Promise.withResolvers<T>();
}
