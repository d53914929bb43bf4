import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Pair } from '../certificates.ts';
import { FakeStore, type Stored } from './store.ts';
import { FakeWatches, status } from './watches.ts';

export { FakeStore, type Stored } from './store.ts';
export { FakeWatches, line, status } from './watches.ts';

export interface Seen {
  readonly verb: 'list' | 'watch' | 'get' | 'create' | 'replace' | 'patch' | 'delete' | 'other';
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What to do instead: answer a status, nothing at all until the client gives up, or hang up. */
export type Reply =
  | { status: number; reason?: string; headers?: Record<string, string>; body?: string }
  | 'withhold'
  | 'hang up';

/** An API server of its own, over HTTPS on loopback, that can be told to misbehave. */
export class FakeApiServer {
  readonly store = new FakeStore();
  readonly watches = new FakeWatches(this.store);
  readonly seen: Seen[] = [];
  /** Bearer tokens that are accepted; others get 401. */
  tokens = new Set(['good']);
  /** Asked before anything else is done. */
  fault: ((request: Seen) => Reply | undefined | Promise<Reply | undefined>) | undefined;
  /** Connections accepted. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #snapshots = new Map<string, { version: number; items: Stored[] }>();

  private constructor(tls: Pair) {
    this.#server = createServer(tls, (req, res) => void this.#handle(req, res));
    this.#server.on('secureConnection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(tls: Pair): Promise<FakeApiServer> {
    const fake = new FakeApiServer(tls);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Another certificate for connections from now on. */
  present(tls: Pair): void {
    this.#server.setSecureContext(tls);
  }

  count(verb: Seen['verb']): number {
    return this.seen.filter((s) => s.verb === verb).length;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<unknown> {
    const url = new URL(req.url ?? '', 'https://fake');
    let body = '';
    for await (const chunk of req) body += chunk;
    const route = parse(url.pathname);
    const seen: Seen = {
      verb: verbOf(req.method, route?.name, url.searchParams),
      path: url.pathname,
      query: url.searchParams,
      headers: req.headers,
      body,
    };
    this.seen.push(seen);
    const token = req.headers.authorization?.replace('Bearer ', '') ?? '';
    if (!this.tokens.has(token)) return send(res, 401, status(401, 'Unauthorized'));
    const reply = await this.fault?.(seen);
    if (reply === 'withhold') return undefined;
    if (reply === 'hang up') return req.socket.destroy();
    if (reply) {
      res.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      return res.end(reply.body ?? JSON.stringify(status(reply.status, reply.reason ?? '')));
    }
    if (!route) return send(res, 404, status(404, 'NotFound'));
    return this.#route(seen, route, res);
  }

  #route(seen: Seen, { collection, namespace, name = '' }: Route, res: ServerResponse): unknown {
    if (seen.verb === 'list') return this.#list(seen.query, collection, namespace, res);
    if (seen.verb === 'watch') {
      return this.watches.serve(res, collection, namespace, Number(seen.query.get('resourceVersion')));
    }
    const old = this.store.get(collection, namespace, name);
    const given = seen.body === '' ? {} : JSON.parse(seen.body);
    if (seen.verb === 'create') {
      const taken = this.store.get(collection, namespace, given.metadata?.name) !== undefined;
      if (taken) return send(res, 409, status(409, 'AlreadyExists'));
      const metadata = { ...given.metadata, ...(namespace && { namespace }) };
      return send(res, 201, this.store.put(collection, { ...given, metadata }));
    }
    if (!old) return send(res, 404, status(404, 'NotFound'));
    if (seen.verb === 'get') return send(res, 200, old);
    const version = seen.verb === 'delete' ? given.preconditions?.resourceVersion : given.metadata?.resourceVersion;
    const uid = given.preconditions?.uid ?? old.metadata.uid;
    if ((version ?? old.metadata.resourceVersion) !== old.metadata.resourceVersion || uid !== old.metadata.uid)
      return send(res, 409, status(409, 'Conflict'));
    if (seen.verb === 'delete') {
      this.store.remove(collection, namespace, name);
      return send(res, 200, { kind: 'Status', status: 'Success' });
    }
    const metadata = { ...old.metadata, ...given.metadata };
    const whole = seen.verb === 'replace' ? given : { ...old, ...given };
    return send(res, 200, this.store.put(collection, { ...whole, metadata }));
  }

  /** Pages are of one moment: the token names a snapshot. */
  #list(query: URLSearchParams, collection: string, namespace: string | undefined, res: ServerResponse): unknown {
    const limit = Number(query.get('limit') ?? 0) || Number.POSITIVE_INFINITY;
    const [id, offset] = (query.get('continue') ?? '').split('@');
    const known = id ? this.#snapshots.get(id) : undefined;
    if (id && !known) return send(res, 410, status(410, 'Expired'));
    const { version, items } = known ?? { version: this.store.version, items: this.store.list(collection, namespace) };
    const from = Number(offset ?? 0);
    const rest = items.length > from + limit;
    const key = id || String(this.#snapshots.size + 1);
    if (rest) this.#snapshots.set(key, { version, items });
    const metadata = { resourceVersion: String(version), ...(rest && { continue: `${key}@${from + limit}` }) };
    return send(res, 200, { kind: 'List', metadata, items: items.slice(from, from + limit) });
  }

  /** Every page token is void. */
  expireTokens(): void {
    this.#snapshots.clear();
  }
}

interface Route {
  collection: string;
  namespace?: string;
  name?: string;
}

function parse(path: string): Route | undefined {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const group = parts.shift() === 'api' ? '' : parts.shift();
  parts.shift();
  const namespace = parts[0] === 'namespaces' && parts.length > 2 ? parts.splice(0, 2)[1] : undefined;
  const [plural, name] = parts;
  if (group === undefined || plural === undefined) return undefined;
  return { collection: `${group}/${plural}`, ...(namespace && { namespace }), ...(name && { name }) };
}

function verbOf(method = '', name: string | undefined, query: URLSearchParams): Seen['verb'] {
  if (method === 'GET' && query.get('watch') === 'true') return 'watch';
  if (method === 'GET') return name ? 'get' : 'list';
  const verbs = { POST: 'create', PUT: 'replace', PATCH: 'patch', DELETE: 'delete' } as const;
  return Object.hasOwn(verbs, method) ? verbs[method as keyof typeof verbs] : 'other';
}

function send(res: ServerResponse, code: number, body: object): ServerResponse {
  res.writeHead(code, { 'content-type': 'application/json' });
  return res.end(JSON.stringify(body));
}
