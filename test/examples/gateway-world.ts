/** The gateway of the examples with an upstream that remembers what it was sent, and a feed that says what the test wants. */
import http, { type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { mint, NOW, ROOT_KEY } from '../macaroon/support.ts';
import { type Answer, ask, type Sent } from '../server/support.ts';
import type { entry } from './mint.ts';
import { createBudgets, createGateway, indexRevocations } from './support.ts';

const ROUTES = [
  { method: 'GET', path: '/reports/Board', scope: 'board' },
  { method: 'GET', path: '/reports/*', scope: 'read', cost: 2 },
  { method: 'POST', path: '/search', scope: 'read', tool: 'search', cost: 5 },
  { method: 'DELETE', path: '/reports/*', scope: 'write' },
  { method: 'GET', path: '/free' },
];

export const TOKEN = mint(['scope in read', 'budget_credits <= 10']);

async function listen(server: http.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts both; `close` ends them. */
export async function gatewayWorld() {
  const seen: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const feed = { revocations: [] as ReturnType<typeof entry>[], fault: undefined as Error | undefined };
  const world = {
    /** What the upstream answers. */
    answer: ((_req, res) =>
      res.writeHead(201, { 'x-made': 'yes', connection: 'close' }).end('made')) as http.RequestListener,
  };
  const upstream = http.createServer(async (req, res) => {
    seen.push({ method: req.method!, url: req.url!, headers: req.headers, body: await text(req) });
    world.answer(req, res);
  });
  const gateway = createGateway({
    feed: {
      current() {
        if (feed.fault) throw feed.fault;
        const keys = [{ kid: 'k1', key: Buffer.from(ROOT_KEY).toString('base64url') }];
        return { keys, revocations: indexRevocations(feed.revocations), now: NOW };
      },
    },
    budgets: createBudgets(),
    audience: 'satgate',
    routes: ROUTES,
    upstream: await listen(upstream),
    upstreamToken: 'the-upstreams-own',
  });
  const url = await listen(gateway);
  return Object.assign(world, {
    ...{ seen, feed, upstream, url, port: (gateway.address() as AddressInfo).port },
    call: (path: string, more: Sent = {}, one = TOKEN): Promise<Answer> =>
      ask(`${url}${path}`, { ...more, headers: { Authorization: `Bearer ${one}`, ...more.headers } }),
    close() {
      for (const server of [gateway, upstream]) {
        server.closeAllConnections();
        server.close();
      }
    },
  });
}
