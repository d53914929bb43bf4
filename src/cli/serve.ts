/** `trustmint serve`: from a directory of manifests, or in a cluster. */
import { CliError } from './errors.ts';
import type { ListenAddress, RateFlag } from './flags.ts';
import type { Io } from './io.ts';
import type { LogFormat, LogLevel } from './log.ts';

/** What both ways to serve are told. */
export interface ServeFlags {
  manifests?: string;
  kubeconfig?: string;
  namespace?: string;
  tenancy?: 'namespace' | 'namespace-label' | 'single';
  serviceAccountIssuers?: string[];
  watchNamespaces?: string[];
  finalizers: boolean;
  issuer: string;
  listen: ListenAddress;
  opsListen: ListenAddress;
  dataDir: string;
  auditLog?: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsSelfSigned?: string[];
  tlsSecret?: string;
  caConfigMap?: string;
  caNamespaces?: string[];
  insecureHttp?: boolean;
  maxTtl: number;
  maxStaleness: number;
  rateLimit: RateFlag;
  tenant: string;
  defaultAudience: string;
  verifierTokenFile?: string;
  adminTokenFile?: string;
  rotateKeys: number;
  logFormat: LogFormat;
  logLevel: LogLevel;
  /** Seconds. */
  drainDelay: number;
}

/** Each with why it is refused where it has no place. */
const OF_A_CLUSTER = {
  flags: ['kubeconfig', 'namespace', 'tenancy', 'watchNamespaces', 'serviceAccountIssuers', 'tlsSelfSigned'],
  why: 'goes without --manifests: it is of a cluster',
} as const;
const OF_MANIFESTS = {
  flags: ['verifierTokenFile', 'adminTokenFile'],
  why: 'goes with --manifests: in a cluster callers prove themselves with their service accounts',
} as const;
const OF_SELF_SIGNED = {
  flags: ['tlsSecret', 'caConfigMap', 'caNamespaces'],
  why: 'goes with --tls-self-signed',
} as const;

/** Serves until SIGTERM, SIGINT or `io.signal`; then drains. */
export async function serve(flags: ServeFlags, io: Io): Promise<void> {
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined)) {
    throw new CliError('usage', 'give both --tls-cert and --tls-key');
  }
  if (flags.tlsSelfSigned === undefined) refuse(flags, OF_SELF_SIGNED);
  else if (flags.tlsCert !== undefined) throw new CliError('usage', 'give --tls-cert or --tls-self-signed, not both');
  if (flags.defaultAudience === flags.issuer) {
    // What is for us alone must be for no API.
    throw new CliError(
      'usage',
      '--default-audience must not be --issuer: delegation tokens are for that, and APIs are not',
    );
  }
  const { manifests } = flags;
  refuse(flags, manifests === undefined ? OF_MANIFESTS : OF_A_CLUSTER);
  if (manifests !== undefined) {
    if (!flags.finalizers) throw new CliError('usage', '--no-finalizers goes without --manifests: it is of a cluster');
    return await (await import('./serve-manifests.ts')).serveManifests({ ...flags, manifests }, io);
  }
  await (await import('./serve-cluster.ts')).serveCluster(flags, io);
}

interface Misplaced {
  readonly flags: readonly (keyof ServeFlags)[];
  readonly why: string;
}

function refuse(given: ServeFlags, { flags, why }: Misplaced): void {
  const name = flags.find((one) => given[one] !== undefined);
  if (name === undefined) return;
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new CliError('usage', `${flag} ${why}`);
}
