/** The gateway of the examples as a process of its own, in front of an upstream of the test's. */
import { rename, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { type Cluster, type Component, OWN_ISSUER } from './cluster/index.ts';
import { freePorts } from './cluster/ports.ts';
import { proofOf } from './serve-support.ts';

const MAIN = resolve(import.meta.dirname, '../../examples/gateway/main.mjs');

export interface RunningGateway {
  readonly url: string;
  readonly health: string;
  readonly process: Component;
  /** Authorization headers that the upstream was sent, and who was said to call. */
  readonly passedOn: readonly { readonly authorization: string | undefined; readonly caller: string | undefined }[];
  /** What is answered to this token; the body's `error`, or `let in`. */
  call(token: string, path?: string): Promise<string>;
  /** A new token of the account, put where the gateway reads it, as the kubelet does. */
  renew(): Promise<void>;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly mints: readonly string[];
  readonly resource: string;
  readonly audience: string;
  /** Of the namespace `gateway`. */
  readonly serviceAccount: string;
  readonly seconds: { readonly poll: number; readonly limit: number };
}

const ROUTES = [{ method: 'GET', path: '/reports/*', cost: 1 }];

/** Starts one and waits until it is ready. */
export async function startGateway(cluster: Cluster, options: GatewayOptions): Promise<RunningGateway> {
  const { mints, resource, audience, serviceAccount, seconds } = options;
  const [port, healthPort] = (await freePorts(2)) as [number, number];
  const name = `gateway-${port}`;
  const file = (suffix: string) => join(cluster.dir, `${name}.${suffix}`);
  const renew = async () => {
    const token = await proofOf(cluster, 'gateway', serviceAccount, OWN_ISSUER);
    await writeFile(file('token.new'), `${token}\n`, { mode: 0o600 });
    await rename(file('token.new'), file('token'));
  };
  await renew();
  await writeFile(file('routes.json'), JSON.stringify(ROUTES));
  const passedOn: { authorization: string | undefined; caller: string | undefined }[] = [];
  const upstream = http.createServer((req, res) => {
    const { authorization, 'x-caller-subject': caller } = req.headers;
    passedOn.push({ authorization, caller: caller as string | undefined });
    res.end('a report');
  });
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
  const health = `http://127.0.0.1:${healthPort}`;
  const variables = {
    ...{ MINT_URLS: mints.join(','), RESOURCE: resource, AUDIENCE: audience },
    ...{ TOKEN_FILE: file('token'), ROUTES_FILE: file('routes.json') },
    UPSTREAM_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    ...{ LISTEN: `127.0.0.1:${port}`, HEALTH_LISTEN: `127.0.0.1:${healthPort}` },
    ...{ POLL_SECONDS: String(seconds.poll), LIMIT_SECONDS: String(seconds.limit) },
  };
  const process_ = await cluster.run({
    name,
    path: '/usr/bin/env',
    flags: [...Object.entries(variables).map(([key, value]) => `${key}=${value}`), process.execPath, MAIN],
    readyUrl: health,
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    ...{ url, health, process: process_, passedOn, renew },
    async call(token, path = '/reports/1') {
      const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      const text = await answer.text();
      return answer.status === 200 ? 'let in' : (JSON.parse(text) as { error: string }).error;
    },
    async stop() {
      await process_.stop('SIGTERM');
      upstream.closeAllConnections();
      upstream.close();
    },
  };
}

/** The resource `api` and who may verify for it, an account that gets tokens for it, and the gateways' own. */
export const gatewayObjects = (
  policy: (namespace: string, name: string, account: string, more: object, rule: object) => object,
) => {
  const account = (namespace: string, name: string) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
  });
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gateway' } },
    account('gateway', 'proxy'),
    {
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'ProtectedResource',
      metadata: { name: 'api-docs' },
      spec: {
        audience: 'docs-aud',
        grantableFrom: { namespaces: ['*'] },
        verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }],
      },
    },
    policy('team-a', 'docs', 'agent', {}, { resources: ['api-docs'] }),
    policy('team-b', 'docs', 'agent', {}, { resources: ['api-docs'] }),
  ];
};
