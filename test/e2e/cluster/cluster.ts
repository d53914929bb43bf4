/** A real Kubernetes control plane of this machine's own, on free ports, gone when it is stopped or its owner ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from './assets.ts';
import { createAuthority, createClientCertificate, createServingCertificate, createTokenKeys } from './certificates.ts';
import { Component } from './component.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { KubectlError, type KubectlOptions, type KubectlResult, runKubectl } from './kubectl.ts';
import { freePorts } from './ports.ts';
import { apiserver, controllerManager, etcd, type Layout } from './start.ts';

export interface ClusterOptions {
  /** Garbage collection, default service accounts and namespace deletion too. Default: false. */
  controllerManager?: boolean;
  /** More flags for the API server. */
  apiserverFlags?: readonly string[];
}

/** A person or program named by a client certificate. */
export interface NamedUser {
  user: string;
  groups?: readonly string[];
}

/** A service account that exists. */
export interface Account extends TokenOptions {
  namespace: string;
  serviceAccount: string;
}

export interface TokenOptions {
  /** Default: the API server's own. */
  audience?: string;
  /** As kubectl takes it, at least `10m`. Default: `1h`. */
  duration?: string;
  /** The name of a pod of the account: the token ends with it. */
  pod?: string;
}

export interface Program {
  /** Also that of its log: `<dir>/<name>.log`. */
  name: string;
  path: string;
  flags: string[];
  /** Answers 200 once it is ready. */
  readyUrl: string;
}

export interface Cluster {
  /** `https://127.0.0.1:PORT`: the API server, and the issuer and default audience of its service account tokens. */
  readonly server: string;
  /** Path of the PEM file of the authority that signed the server's certificate. */
  readonly ca: string;
  /** What the cluster keeps on disk, removed with it: logs, keys, `etcd/` (its data). */
  readonly dir: string;
  /** Path of the kubeconfig of a member of system:masters. */
  readonly adminKubeconfig: string;
  readonly etcd: Component;
  readonly apiserver: Component;
  /** There is one only if it was asked for. */
  readonly controllerManager: Component | undefined;
  /** @returns the path of a kubeconfig; an account's reads its token from a file that lies beside it as `<path>.token` */
  kubeconfigFor(who: NamedUser | Account): Promise<string>;
  /** A token from TokenRequest. */
  token(account: Account): Promise<string>;
  /** @returns standard output. @throws KubectlError with what kubectl said */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** For a command that should fail: how it ended, whatever that is. */
  tryKubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  /** `kubectl apply -f -` of one manifest or several, as YAML text or as objects. */
  apply(manifests: string | readonly object[], options?: KubectlOptions): Promise<string>;
  /** Starts another program, which is stopped before the API server. */
  run(program: Program): Promise<Component>;
  /** Another authority signs another serving certificate; restarts the API server. Kubeconfigs refer to the new one. */
  rotateServingAuthority(): Promise<void>;
  /** Ends everything, API server before etcd, and removes `dir`. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts etcd and an API server, with the flags of production but for loopback and fsync, and waits until they are ready.
 * Several may run side by side.
 *
 * @throws Error with the last lines of the log of what did not start; nothing is left running
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), 'trustmint-cluster-'));
  const reaper = spawn(process.execPath, [join(import.meta.dirname, 'reaper.ts'), dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  reaper.unref();
  reaper.stdin.on('error', () => {});
  (reaper.stdin as unknown as { unref(): void }).unref();
  const gone = once(reaper, 'exit');
  const components: Component[] = [];
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      // In the order of `components` reversed: an API server without its etcd hangs for a minute.
      for (const component of components.toReversed()) await component.stop();
      reaper.ref();
      reaper.stdin.end();
      await gone;
    })();
    return stopped;
  };

  try {
    const layout = await prepare(dir, (pid, running) => reaper.stdin.write(`${running ? '+' : '-'}${pid}\n`));
    components.push(etcd(layout), apiserver(layout));
    components[1]!.flags.push(...(options.apiserverFlags ?? []));
    if (options.controllerManager) components.push(controllerManager(layout));
    for (const component of components) await component.start();
    return clusterOf(layout, components, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

const serverOf = ({ ports }: Layout) => `https://127.0.0.1:${ports.apiserver}`;

async function prepare(dir: string, onPid: Layout['onPid']): Promise<Layout> {
  await mkdir(join(dir, 'home'));
  const [etcdPort, etcdPeer, apiserverPort, managerPort] = (await freePorts(4)) as [number, number, number, number];
  const [servingAuthority, clientAuthority, tokenKeys] = await Promise.all([
    createAuthority(dir, 'serving-ca'),
    createAuthority(dir, 'client-ca'),
    createTokenKeys(dir),
  ]);
  const [serving, admin] = await Promise.all([
    createServingCertificate(dir, 'serving', servingAuthority),
    createClientCertificate(dir, 'admin', clientAuthority, { user: 'admin', groups: ['system:masters'] }),
  ]);
  const ports = { etcd: etcdPort, etcdPeer, apiserver: apiserverPort, controllerManager: managerPort };
  const adminKubeconfig = join(dir, 'admin.kubeconfig');
  const layout = { dir, ports, serving, servingAuthority, clientAuthority, tokenKeys, adminKubeconfig, onPid };
  await writeKubeconfig(adminKubeconfig, serverOf(layout), servingAuthority.cert, admin);
  return layout;
}

function clusterOf(layout: Layout, components: Component[], stop: () => Promise<void>): Cluster {
  const { dir, adminKubeconfig } = layout;
  const server = serverOf(layout);
  const ca = layout.servingAuthority.cert;
  const [etcdServer, apiServer, manager] = components;
  let kubeconfigs = 0;

  const tryKubectl: Cluster['tryKubectl'] = (args, { kubeconfig = adminKubeconfig, ...options } = {}) =>
    runKubectl(binary('kubectl'), join(dir, 'home'), args, { ...options, kubeconfig });
  const kubectl: Cluster['kubectl'] = async (args, options) => {
    const result = await tryKubectl(args, options);
    if (result.code !== 0) throw new KubectlError(args, result);
    return result.out;
  };
  const token: Cluster['token'] = async ({ namespace, serviceAccount, audience, duration = '1h', pod }) => {
    const args = ['create', 'token', serviceAccount, `--namespace=${namespace}`, `--duration=${duration}`];
    if (audience !== undefined) args.push(`--audience=${audience}`);
    if (pod !== undefined) args.push('--bound-object-kind=Pod', `--bound-object-name=${pod}`);
    return (await kubectl(args)).trim();
  };

  return {
    server,
    ca,
    dir,
    adminKubeconfig,
    etcd: etcdServer!,
    apiserver: apiServer!,
    controllerManager: manager,
    kubectl,
    tryKubectl,
    token,
    stop,
    apply: (manifests, options) => {
      const input = typeof manifests === 'string' ? manifests : manifests.map((m) => JSON.stringify(m)).join('\n---\n');
      return kubectl(['apply', '-f', '-'], { ...options, input });
    },
    async kubeconfigFor(who) {
      kubeconfigs += 1;
      const name = `kubeconfig-${kubeconfigs}`;
      const path = join(dir, name);
      if ('user' in who) {
        const pair = await createClientCertificate(dir, name, layout.clientAuthority, who);
        return writeKubeconfig(path, server, ca, pair);
      }
      const tokenFile = `${path}.token`;
      await writeFile(tokenFile, await token(who), { mode: 0o600 });
      return writeKubeconfig(path, server, ca, { tokenFile }, who.namespace);
    },
    async run(program) {
      const component = new Component({ ...program, logFile: join(dir, `${program.name}.log`), onPid: layout.onPid });
      components.push(component);
      await component.start();
      return component;
    },
    async rotateServingAuthority() {
      const authority = await createAuthority(dir, 'serving-ca');
      await createServingCertificate(dir, 'serving', authority);
      await apiServer!.restart();
    },
  };
}
