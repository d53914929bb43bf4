/** A real SPIRE: a server with a bundle endpoint on https, and an agent whose one workload is this user. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createAuthority, createServingCertificate } from '../cluster/certificates.ts';
import { Component, until } from '../cluster/component.ts';
import { freePorts } from '../cluster/ports.ts';

const run = promisify(execFile);
const BUILT = resolve(import.meta.dirname, '../../../bin/spire');
/** Milliseconds until the agent has learnt of a new entry. */
const SYNC_WITHIN = 60_000;

export interface Spire {
  readonly trustDomain: string;
  /** Of the bundle endpoint, profile https_web. */
  readonly bundleUrl: string;
  /** PEM: who signed the endpoint's certificate. */
  readonly caBundle: string;
  /** Registers a workload, and waits until the agent would issue for it. */
  register(spiffeId: string): Promise<void>;
  /** A JWT-SVID, fetched from the Workload API. */
  svid(spiffeId: string, ...audiences: readonly string[]): Promise<string>;
  /** A JWT-SVID from the server itself, with a lifetime in seconds. */
  mint(spiffeId: string, audience: string, seconds: number): Promise<string>;
  /** Makes another key and signs with it from now on; the one before stays in the bundle. @returns that one's `kid` */
  rotate(): Promise<string>;
  /** Takes a key that is rotated out from the bundle, as after a leak: the agent may go on handing out what it signed. */
  revokeKey(kid: string): Promise<void>;
  stop(): Promise<void>;
}

export interface SpireOptions {
  /** Default: `cluster.local`. */
  readonly trustDomain?: string;
  /** Seconds that the bundle says it is good for. */
  readonly refreshHint?: number;
  /** Of this machine, where the bundle endpoint listens. Default: 127.0.0.1. */
  readonly address?: string;
  /** A ConfigMap that the server's `k8s_configmap` publisher keeps, as whom the kubeconfig says. */
  readonly publishTo?: {
    readonly kubeconfig: string;
    readonly namespace: string;
    readonly name: string;
    readonly key: string;
  };
}

/** @throws Error where the binaries are missing: `make spire-assets` provides them */
export async function startSpire(options: SpireOptions = {}): Promise<Spire> {
  const { trustDomain = 'cluster.local', refreshHint = 60, address = '127.0.0.1', publishTo } = options;
  // A socket's path is 107 bytes at most.
  const dir = await mkdtemp(join(tmpdir(), 'spire-'));
  const [api, bundle, serverHealth, agentHealth] = (await freePorts(4)) as [number, number, number, number];
  const sockets = { server: join(dir, 'server.sock'), agent: join(dir, 'agent.sock') };
  const running: Component[] = [];
  const stop = async () => {
    for (const one of running.toReversed()) await one.stop();
    await rm(dir, { recursive: true, force: true });
  };
  const component = async (name: 'server' | 'agent', config: string, health: number, more: string[] = []) => {
    await mkdir(join(dir, name));
    const file = join(dir, `${name}.conf`);
    await writeFile(file, config);
    const one = new Component({
      name: `spire-${name}`,
      path: binary(`spire-${name}`),
      flags: ['run', '-config', file, ...more],
      readyUrl: `http://127.0.0.1:${health}/ready`,
      logFile: join(dir, `${name}.log`),
      onPid: () => {},
    });
    running.push(one);
    await one.start();
  };
  const ask = async (name: 'server' | 'agent', ...words: string[]) =>
    (await run(binary(`spire-${name}`), [...words, '-socketPath', sockets[name]])).stdout;
  try {
    const authority = await createAuthority(dir, 'web');
    const serving = await createServingCertificate(dir, 'bundle', authority, address);
    const health = (port: number) =>
      `health_checks { listener_enabled = true bind_address = "127.0.0.1" bind_port = "${port}" ready_path = "/ready" }`;
    await component(
      'server',
      `server {
  bind_address = "127.0.0.1"
  bind_port = "${api}"
  socket_path = "${sockets.server}"
  trust_domain = "${trustDomain}"
  data_dir = "${join(dir, 'server')}"
  federation {
    bundle_endpoint {
      address = "${address}"
      port = ${bundle}
      refresh_hint = "${refreshHint}s"
      profile "https_web" {
        serving_cert_file { cert_file_path = "${serving.cert}" key_file_path = "${serving.key}" file_sync_interval = "1h" }
      }
    }
  }
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "${join(dir, 'server', 'entries.sqlite3')}" } }
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
${publishTo ? publisher(publishTo) : ''}}
${health(serverHealth)}
`,
      serverHealth,
    );
    const node = `spiffe://${trustDomain}/node`;
    const joinToken = /Token: (\S+)/.exec(await ask('server', 'token', 'generate', '-spiffeID', node))?.[1];
    if (!joinToken) throw new Error('spire-server gave no join token');
    await component(
      'agent',
      `agent {
  data_dir = "${join(dir, 'agent')}"
  server_address = "127.0.0.1"
  server_port = "${api}"
  socket_path = "${sockets.agent}"
  trust_domain = "${trustDomain}"
  insecure_bootstrap = true
}
plugins {
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}
${health(agentHealth)}
`,
      agentHealth,
      ['-joinToken', joinToken],
    );
    const svid = async (spiffeId: string, ...audiences: readonly string[]) => {
      const words = ['api', 'fetch', 'jwt', '-output', 'json', '-spiffeID', spiffeId];
      const answer = JSON.parse(await ask('agent', ...words, '-audience', audiences.join(',')));
      return (answer as [{ svids: [{ svid: string }] }])[0].svids[0].svid;
    };
    const keys = async (...words: string[]) =>
      JSON.parse(await ask('server', 'localauthority', 'jwt', ...words, '-output', 'json'));
    return {
      trustDomain,
      bundleUrl: `https://${address}:${bundle}`,
      caBundle: await readFile(authority.cert, 'utf8'),
      svid,
      stop,
      async mint(spiffeId, audience, seconds) {
        const words = ['-spiffeID', spiffeId, '-audience', audience, '-ttl', `${seconds}s`];
        return (await ask('server', 'jwt', 'mint', ...words)).trim();
      },
      async rotate() {
        const { active } = await keys('show');
        const { prepared_authority: next } = await keys('prepare');
        await keys('activate', '-authorityID', next.authority_id);
        return active.authority_id;
      },
      async revokeKey(kid) {
        await keys('taint', '-authorityID', kid);
        await keys('revoke', '-authorityID', kid);
      },
      async register(spiffeId) {
        const uid = String(process.getuid?.());
        await ask(
          'server',
          ...['entry', 'create', '-parentID', node, '-spiffeID', spiffeId, '-selector', `unix:uid:${uid}`],
        );
        const issues = () =>
          svid(spiffeId, 'registered').then(
            () => true,
            () => false,
          );
        await until(SYNC_WITHIN, issues);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function publisher({ kubeconfig, namespace, name, key }: NonNullable<SpireOptions['publishTo']>): string {
  const where = `namespace = "${namespace}" configmap_name = "${name}" configmap_key = "${key}"`;
  return `  BundlePublisher "k8s_configmap" {
    plugin_data { clusters = { "here" = { format = "spiffe" kubeconfig_path = "${kubeconfig}" ${where} } } }
  }
`;
}

function binary(name: string): string {
  const folders = [process.env.SPIRE_ASSETS, BUILT].filter((folder) => folder !== undefined && folder !== '');
  for (const folder of folders) {
    const path = join(folder!, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  throw new Error(`${name} is not in ${folders.join(' nor in ')}: run \`make spire-assets\``);
}
