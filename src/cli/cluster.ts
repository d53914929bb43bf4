/** The cluster that a person's command speaks to, found as kubectl finds it; and its refusals in words. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { systemClock } from '../clock.ts';
import {
  type ClientOptions,
  type CredentialSource,
  createKubeClient,
  KubeApiError,
  loadInCluster,
  loadKubeconfig,
} from '../kube/index.ts';
import type { KubeClient } from '../kube/types.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { CliError } from './errors.ts';

/** Milliseconds; nothing happens then. */
const AWAKE = 60_000;

export interface ClusterConnection {
  readonly client: KubeClient;
  /** The API server's URL. */
  readonly server: string;
  /** Of the kubeconfig's context, or of the pod. */
  readonly namespace: string | undefined;
}

/**
 * Runs a command with a connection that is closed afterwards.
 * @param which without `kubeconfig`: $KUBECONFIG, this pod's own account, or ~/.kube/config
 * @param rate requests a second and at once; default: the client's
 * @throws CliError no_cluster; NoCredentials
 */
export async function withCluster<T>(
  which: ClusterFlags,
  run: (cluster: ClusterConnection) => Promise<T>,
  rate?: ClientOptions['rate'],
): Promise<T> {
  const credentials = await credentialsOf(which);
  const { server } = await credentials.current();
  const client = createKubeClient({
    credentials,
    clock: systemClock,
    random: (n) => randomBytes(n),
    ...(rate && { rate }),
  });
  // Between two tries nothing else keeps the process: no connection, and no timer of the clock.
  const awake = setInterval(() => {}, AWAKE);
  try {
    return await run({ client, server: server.origin, namespace: credentials.namespace });
  } finally {
    clearInterval(awake);
    client.close();
  }
}

async function credentialsOf({ kubeconfig: file, context }: ClusterFlags): Promise<CredentialSource> {
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST } = process.env;
  // In a pod nobody may have a home.
  const home = KUBERNETES_SERVICE_HOST ? undefined : join(homedir(), '.kube', 'config');
  const path = file ?? (KUBECONFIG || (home && existsSync(home) ? home : undefined));
  if (file === undefined && path?.includes(delimiter)) {
    throw new CliError('no_cluster', 'KUBECONFIG names several files: say with --kubeconfig which one');
  }
  try {
    if (path !== undefined) return await loadKubeconfig(path, context, { clock: systemClock });
    if (context !== undefined) throw new CliError('no_cluster', '--context: there is no kubeconfig');
    if (KUBERNETES_SERVICE_HOST) return await loadInCluster({ clock: systemClock });
  } catch (error) {
    if (error instanceof KubeApiError) throw new CliError(error.code, `${path ?? 'this pod'}: ${error.message}`);
    throw error;
  }
  throw new CliError(
    'no_cluster',
    'give --data-dir DIR of a mint that serves files, or --kubeconfig FILE of a cluster',
  );
}

/**
 * What the API server refused, as one line.
 * @param verb as `create`
 * @param what as `tokenrevocations in namespace ai`
 * @param missing what is not there where it says 404
 */
export function refusedByCluster(error: unknown, verb: string, what: string, missing: string): unknown {
  if (!(error instanceof KubeApiError)) return error;
  const { status, causes, code } = error;
  const say = (message: string) => new CliError(code, message);
  if (causes.some(({ reason }) => reason === 'NamespaceTerminating')) return say('the namespace is being deleted');
  if (status === 401) return say('the API server does not accept these credentials');
  if (status === 403) return say(`you may not ${verb} ${what}`);
  if (status === 404) return say(missing);
  if (status === 422 || status === 400)
    return say(`not accepted: ${causes.map(({ field }) => field).join(', ') || code}`);
  return say(error.message);
}
