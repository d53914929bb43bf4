/** `--tls-self-signed`: certificates of our own, shared by the replicas through a Secret. */
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Milliseconds that the start waits for a certificate: without one the probes get a stopgap. */
const PATIENCE = 2_000;

/** Undefined without `--tls-self-signed`. */
export async function ownCertificates(
  { tlsSelfSigned: names, tlsSecret, caConfigMap, caNamespaces = [] }: ServeFlags,
  { clock, random, log, connect, onClose }: Replica,
  { namespace, skew }: OwnCertificatesParts,
): Promise<{ readonly source: CertificateSource; check(): HealthCheck } | undefined> {
  if (!names) return undefined;
  const client = connect({ skew });
  const make = certificateMaker({ random });
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
  const found = new AbortController();
  // Not the clock's timers: they keep no process alive, and before it listens nothing else may.
  const waited = sleep(PATIENCE, undefined, { signal: found.signal }).catch(() => {});
  await Promise.race([keeper.start(), waited]);
  found.abort();
  const stopgap = keeper.current() ? undefined : await makeStopgap(make, names, clock.now());
  return { source: { ...keeper, ...(stopgap && { stopgap }) }, check: () => keeper.check() };
}
