/** The operator as it is shipped: a process of its own, under its own service account and RBAC. */
import { join, resolve } from 'node:path';
import type { Cluster } from './cluster.ts';
import { type Component, until } from './component.ts';
import { freePorts } from './ports.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The operator's own namespace and service account, as config/rbac has them. */
export const OPERATOR = { namespace: 'trustmint-system', serviceAccount: 'trustmint' } as const;

/** The issuer of every operator that is not given another. */
export const OWN_ISSUER = 'http://mint.localhost:8080';

export interface Operator {
  /** Base URL of the exchange listener. */
  readonly url: string;
  /** Base URL of the ops listener. */
  readonly ops: string;
  /** Path of its kubeconfig; its token lies beside it as `<path>.token`. */
  readonly kubeconfig: string;
  /** To stop, freeze and start it again. Its log has the audit records too. */
  readonly process: Component;
  /** Waits until /readyz says yes. */
  ready(withinMs?: number): Promise<void>;
}

export interface OperatorOptions {
  /** More of `trustmint serve`'s flags. */
  flags?: readonly string[];
  /** Instead of a new one of the operator's service account. */
  kubeconfig?: string;
}

/** Applies config/default, but that its Deployment asks for no Pods: here replicas are processes. Waits for the CRDs. */
export async function install(cluster: Cluster): Promise<void> {
  const manifests = await cluster.kubectl(['kustomize', join(ROOT, 'config/default')]);
  const [wanted] = /^ {2}replicas: \d+$/m.exec(manifests) ?? [];
  if (wanted === undefined) throw new Error('config/default has no Deployment');
  await cluster.apply(manifests.replace(wanted, '  replicas: 0'));
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', join(ROOT, 'crds')]);
}

/**
 * Starts one replica. It answers, but need not be ready: see `ready()`. It is stopped with the cluster at the latest.
 * Several may run: they are replicas of one another.
 */
export async function startOperator(cluster: Cluster, options: OperatorOptions = {}): Promise<Operator> {
  const [port, opsPort] = (await freePorts(2)) as [number, number];
  const kubeconfig = options.kubeconfig ?? (await cluster.kubeconfigFor(OPERATOR));
  const ops = `http://127.0.0.1:${opsPort}`;
  const process_ = await cluster.run({
    name: `operator-${port}`,
    path: process.execPath,
    flags: [
      join(ROOT, 'src/main.ts'),
      'serve',
      ...[`--kubeconfig=${kubeconfig}`, `--namespace=${OPERATOR.namespace}`, `--issuer=${OWN_ISSUER}`],
      ...[`--listen=127.0.0.1:${port}`, `--ops-listen=127.0.0.1:${opsPort}`, '--log-format=text'],
      ...(options.flags ?? []),
    ],
    readyUrl: `${ops}/healthz`,
  });
  return {
    url: `http://127.0.0.1:${port}`,
    ops,
    kubeconfig,
    process: process_,
    ready: (withinMs = 60_000) =>
      until(withinMs, async () => (await fetch(`${ops}/readyz`).catch(() => undefined))?.status === 200),
  };
}
