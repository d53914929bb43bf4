/** The gateway of examples/ as somebody runs it, in front of an upstream of ours: it verifies by what it polled last. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/e2e/cluster/index.ts';
import { freePorts } from '../../test/e2e/cluster/ports.ts';
import { ask } from '../../test/e2e/soak/ask.ts';

const MAIN = join(import.meta.dirname, '../../examples/gateway/main.mjs');
/** Milliseconds between two calls with the same token. */
const PAUSE = 50;
const READY_WITHIN = 30_000;

export interface OfflineVerifier {
  /** When the first call with the token was refused because it is revoked. @throws Error if for anything else */
  refused(token: string): Promise<number>;
  close(): Promise<void>;
}

export interface OfflineSettings {
  /** Base URLs. */
  readonly mints: readonly string[];
  /** Name and audience. */
  readonly resource: string;
  readonly bearer: string;
  /** Seconds between two polls, at most. */
  readonly interval: number;
  /** For its files. */
  readonly dir: string;
}

export async function startGateway(settings: OfflineSettings): Promise<OfflineVerifier> {
  const { mints, resource, bearer, interval, dir } = settings;
  const upstream = createServer((_req, res) => res.end('{}')).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const [port, health] = (await freePorts(2)) as [number, number];
  const file = (name: string, text: string) => {
    const path = join(dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const env = {
    MINT_URLS: mints.join(','),
    RESOURCE: resource,
    AUDIENCE: resource,
    TOKEN_FILE: file('gateway-token', bearer),
    ROUTES_FILE: file('gateway-routes.json', JSON.stringify([{ method: 'GET', path: '/*' }])),
    UPSTREAM_URL: `http://127.0.0.1:${(upstream.address() as { port: number }).port}`,
    LISTEN: `127.0.0.1:${port}`,
    HEALTH_LISTEN: `127.0.0.1:${health}`,
    POLL_SECONDS: String(interval),
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const close = async () => {
    process.off('exit', kill);
    upstream.close();
    if (child.exitCode === null && child.signalCode === null && kill()) await once(child, 'exit');
  };
  try {
    const isReady = async () => (await fetch(`http://127.0.0.1:${health}`).catch(() => undefined))?.status === 200;
    await until(READY_WITHIN, isReady);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async refused(token) {
      for (;;) {
        const { status, body, at } = await ask({ url: `http://127.0.0.1:${port}`, path: '/', bearer: token });
        if (status === 401 && body.error === 'revoked') return at;
        if (status !== 200) throw new Error(`the gateway answers ${status} ${JSON.stringify(body)}`);
        await sleep(PAUSE);
      }
    },
    close,
  };
}
