/** `trustmint revoke` in a cluster: creates a TokenRevocation, or prints it for who keeps manifests. */
import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import type { TokenRevocation, TokenRevocationSpec } from '../api/v1alpha1/index.ts';
import { systemClock } from '../clock.ts';
import { KubeApiError } from '../kube/index.ts';
import { WATCHED } from '../operator/index.ts';
import { revocationObject } from '../standalone/index.ts';
import { type ClusterConnection, refusedByCluster, withCluster } from './cluster.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';

export interface ClusterRevocation {
  readonly spec: TokenRevocationSpec;
  /** `--policy` where it is no uid. */
  readonly policyRef?: PolicyRef | undefined;
  readonly cluster: ClusterFlags;
  readonly namespace?: string | undefined;
  /** Print it. */
  readonly print: boolean;
}

export interface PolicyRef {
  readonly kind: 'TrustPolicy' | 'ClusterTrustPolicy';
  readonly namespace?: string | undefined;
  readonly name: string;
}

const KINDS = new Map<string, PolicyRef['kind']>([
  ...(['tpol', 'trustpolicy', 'trustpolicies'] as const).map((word) => [word, 'TrustPolicy'] as const),
  ...(['ctpol', 'clustertrustpolicy', 'clustertrustpolicies'] as const).map(
    (word) => [word, 'ClusterTrustPolicy'] as const,
  ),
]);

/** `tpol/NAMESPACE/NAME` or `ctpol/NAME`; the kind also as kubectl prints it. undefined: neither. */
export function policyRef(text: string): PolicyRef | undefined {
  const [word = '', ...path] = text.split('/');
  const kind = KINDS.get(word.toLowerCase().replace(/\.trustmint\.dev$/, ''));
  if (!kind || path.length !== (kind === 'TrustPolicy' ? 2 : 1) || path.some((part) => !isName(part))) return undefined;
  const name = path.at(-1)!;
  return kind === 'TrustPolicy' ? { kind, namespace: path[0], name } : { kind, name };
}

/** RFC 1123: what an object may be called. */
const isName = (text: string) => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text);

/** Creates it and says what it kills and where; or prints the manifest, for which a cluster is asked only for a uid. */
export async function revokeInCluster(given: ClusterRevocation, io: Io): Promise<void> {
  const { policyRef: ref, namespace, print } = given;
  if (namespace !== undefined && !isName(namespace)) throw new CliError('usage', '--namespace: no such name');
  if (ref?.kind === 'ClusterTrustPolicy' && namespace === undefined) {
    const message =
      "a ClusterTrustPolicy gives tokens of any tenant: say with -n which namespace is the operator's own";
    throw new CliError('usage', message);
  }
  const where = namespace ?? ref?.namespace;
  if (!ref) {
    // What is wrong with it is said before anybody is asked.
    const object = manifest(given.spec, where);
    if (print) {
      io.stdout.write(stringify(object, { lineWidth: 0 }));
      return;
    }
  }
  await withCluster(given.cluster, async (cluster) => {
    const spec = ref ? { ...given.spec, policy: await uidOf(ref, cluster) } : given.spec;
    if (print) {
      io.stdout.write(stringify(manifest(spec, where), { lineWidth: 0 }));
      return;
    }
    const namespace = where ?? cluster.namespace;
    // In one that nobody chose it would kill nothing, and whoever revokes must not believe that it did.
    if (namespace === undefined) {
      throw new CliError('usage', "say with -n which namespace: one of the tokens' tenant, or the operator's own");
    }
    const object = manifest(spec, namespace);
    await create(object, cluster);
    io.stdout.write(told(object, ref, cluster.server));
  });
}

type Manifest = Pick<TokenRevocation, 'apiVersion' | 'kind' | 'spec'> & {
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

function manifest(spec: TokenRevocationSpec, namespace: string | undefined): Manifest {
  const made = revocationObject(spec, { clock: systemClock, random: (n) => randomBytes(n) });
  const { apiVersion, kind, metadata } = made;
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name, ...(namespace !== undefined && { namespace }) },
    spec: made.spec,
  };
}

async function uidOf({ kind, namespace, name }: PolicyRef, { client }: ClusterConnection): Promise<string> {
  const type = WATCHED[kind];
  const what = namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
  try {
    return (await client.get(type, name, namespace)).metadata.uid;
  } catch (error) {
    const missing = `there is no ${what}; if it was deleted, give its uid (the audit log has it)`;
    throw refusedByCluster(error, 'get', `${type.plural}${namespace ? ` in namespace ${namespace}` : ''}`, missing);
  }
}

async function create(object: Manifest, { client }: ClusterConnection): Promise<void> {
  const { name, namespace } = object.metadata;
  try {
    await client.create(WATCHED.TokenRevocation, object, namespace);
  } catch (error) {
    // What has no answer, or one from halfway, may have been done.
    const unanswered = (e: KubeApiError) => e.status >= 500 || ['Timeout', 'NetworkError'].includes(e.reason);
    if (error instanceof KubeApiError && unanswered(error) && !error.message.includes('ECONNREFUSED')) {
      const look = `kubectl -n ${namespace} get tokenrevocation ${name}`;
      throw new CliError(error.code, `${error.message}; whether it was created is not known: ${look}`);
    }
    const missing = `there is no namespace ${namespace}, or the CRD of TokenRevocations is not installed`;
    throw refusedByCluster(error, 'create', `tokenrevocations in namespace ${namespace}`, missing);
  }
}

function told({ metadata: { name, namespace }, spec }: Manifest, ref: PolicyRef | undefined, server: string): string {
  const { token, derivedFrom, grant, agent, policy, issuedBefore, expiresAt } = spec;
  const which = ref ? ` (${[ref.kind, ref.namespace, ref.name].filter(Boolean).join('/')})` : '';
  const dead =
    (token && `the token ${token}`) ??
    (derivedFrom && `the macaroon ${derivedFrom} and all that was appended to it`) ??
    (grant && `every token of grant ${grant}`) ??
    (agent && `every token of agent ${agent}`) ??
    `every token of policy ${policy}${which}`;
  // Whoever means the tokens that there are must learn that the workload gets no others.
  const later = token || derivedFrom ? '' : '; exchanges that would give another one are refused';
  const also = issuedBefore ? `, issued up to ${issuedBefore}` : later;
  return [
    `TokenRevocation ${namespace}/${name} created at ${server}`,
    `kills ${dead}${also}`,
    `of the tenant of namespace ${namespace}; of any tenant if that is the operator's own`,
    `holds until ${expiresAt ?? 'it is deleted'}`,
    '',
  ].join('\n');
}
