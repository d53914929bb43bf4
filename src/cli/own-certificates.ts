/** `--tls-self-signed`: certificates of our own, shared by the replicas through a Secret. */
import { certificateMaker, makeStopgap } from '../certificates/index.ts';
import type { HealthCheck } from '../exchange/index.ts';
import type { ClockSkew } from '../kube/index.ts';
import { clockIsWrong, keepCertificates } from '../operator/index.ts';
import type { CertificateSource } from '../server/index.ts';
import type { Replica } from './numbers.ts';
import type { ServeFlags } from './serve.ts';

export interface OwnCertificatesParts {
  /** The operator's own. */
  readonly namespace: string;
  readonly skew: ClockSkew;
}

/** Undefined without `--tls-self-signed`. */
export async function ownCertificates(
  { tlsSelfSigned: names, tlsSecret, caConfigMap, caNamespaces = [] }: ServeFlags,
  { clock, random, log, connect, onClose }: Replica,
  { namespace, skew }: OwnCertificatesParts,
): Promise<{ readonly source: CertificateSource; check(): HealthCheck } | undefined> {
  if (!names) return undefined;
  const client = connect({ skew });
  const make = certificateMaker({ random });
  const stopgap = await makeStopgap(make, names, clock.now());
  const keeper = keepCertificates({
    client,
    clock,
    log,
    namespace,
    secret: tlsSecret ?? 'trustmint-tls',
    configMap: caConfigMap ?? 'trustmint-ca',
    namespaces: [...new Set([namespace, ...caNamespaces])],
    names,
    make,
    // A certificate of another time would outlive this replica.
    clockIsWrong: () => skew.ahead() === undefined || clockIsWrong(skew),
  });
  onClose(() => keeper.close());
  keeper.start();
  return { source: { ...keeper, stopgap }, check: () => keeper.check() };
}
