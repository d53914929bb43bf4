/** Starts the gateway as its environment says; README.md lists the variables. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createBudgets } from './budgets.mjs';
import { createFeed } from './feed.mjs';
import { createGateway } from './gateway.mjs';

const { env } = process;
const need = (name) => {
  if (!env[name]) throw new Error(`set ${name}`);
  return env[name];
};
const seconds = (name) => (env[name] === undefined ? undefined : Number(env[name]) * 1_000);
const log = (message) => console.error(new Date().toISOString(), message);
const listen = (server, address) => {
  const { hostname, port } = new URL(`http://${address}`);
  server.listen(Number(port), hostname.replace(/^\[|\]$/g, ''), () => log(`listening on ${address}`));
};

const feed = createFeed({
  urls: need('MINT_URLS').split(','),
  resource: need('RESOURCE'),
  tokenFile: need('TOKEN_FILE'),
  interval: seconds('POLL_SECONDS'),
  limit: seconds('LIMIT_SECONDS'),
  log,
});
const gateway = createGateway({
  feed,
  budgets: createBudgets(),
  audience: need('AUDIENCE'),
  routes: JSON.parse(readFileSync(need('ROUTES_FILE'), 'utf8')),
  upstream: need('UPSTREAM_URL'),
  upstreamToken: env.UPSTREAM_TOKEN_FILE && readFileSync(env.UPSTREAM_TOKEN_FILE, 'utf8').trim(),
  log,
});
/** Ready while it would let anybody in; on a listener of its own, so that no path of the upstream's is taken. */
const health = http.createServer((_req, res) => {
  try {
    feed.current();
    res.end('ok\n');
  } catch ({ message }) {
    res.writeHead(503).end(`${message}\n`);
  }
});

listen(gateway, env.LISTEN ?? '127.0.0.1:8000');
listen(health, env.HEALTH_LISTEN ?? '127.0.0.1:8001');
feed.start();
process.once('SIGTERM', () => {
  feed.stop();
  health.close();
  gateway.close();
});
