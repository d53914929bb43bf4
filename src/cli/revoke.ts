/** `trustmint revoke`: a TokenRevocation, in a cluster or under the data directory of a mint that serves files. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../clock.ts';
import { describeMacaroon, MacaroonError } from '../macaroon/index.ts';
import { writeRevocation } from '../standalone/index.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { requireDataDir } from './data-dir.ts';
import { CliError } from './errors.ts';
import { readInput } from './input.ts';
import type { Io } from './io.ts';
import { policyRef, revokeInCluster } from './revoke-cluster.ts';

interface RevokeFlags extends ClusterFlags {
  dataDir?: string;
  namespace?: string;
  output?: string;
  token?: string;
  derivedFrom?: string;
  grant?: string;
  agent?: string;
  policy?: string;
  issuedBefore?: string;
  expires?: number;
  reason?: string;
}

const ID = /^[A-Za-z0-9_-]{22}$/;
const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A slip in an id kills nothing, and whoever revokes must not believe that it did. */
function requireIds({ dataDir, token, grant, agent, policy }: RevokeFlags): void {
  for (const [flag, id] of Object.entries({ token, grant })) {
    if (id !== undefined && !ID.test(id))
      throw new CliError('usage', `--${flag}: an id has 22 characters of base64url`);
  }
  if (agent !== undefined && !UID.test(agent)) throw new CliError('usage', "--agent: give the object's uid, a UUID");
  if (policy === undefined || UID.test(policy)) return;
  if (dataDir !== undefined) throw new CliError('usage', "--policy: give the object's uid, a UUID");
  if (!policyRef(policy)) throw new CliError('usage', '--policy: give tpol/NAMESPACE/NAME, ctpol/NAME, or a uid');
}

/** Makes one TokenRevocation and says what it kills, and where. */
export async function revoke(flags: RevokeFlags, io: Io): Promise<void> {
  const { dataDir, kubeconfig, context, namespace, output, derivedFrom, expires, ...rest } = flags;
  if (output !== undefined && output !== 'yaml') throw new CliError('usage', '--output: yaml, or leave it out');
  if (dataDir !== undefined && (kubeconfig ?? context ?? namespace ?? output) !== undefined) {
    throw new CliError('usage', '--data-dir goes without --kubeconfig, --context, --namespace and --output');
  }
  requireIds(flags);
  if (dataDir !== undefined) await requireDataDir(dataDir);
  const now = systemClock.now();
  const spec = {
    ...rest,
    ...(derivedFrom !== undefined && { derivedFrom: fingerprintOf(await readInput(derivedFrom, io)) }),
    ...(expires !== undefined && { expiresAt: new Date(now + expires * 1000).toISOString() }),
  };
  if (dataDir === undefined) {
    const ref = rest.policy === undefined ? undefined : policyRef(rest.policy);
    await revokeInCluster(
      { spec, policyRef: ref, cluster: { kubeconfig, context }, namespace, print: output === 'yaml' },
      io,
    );
    return;
  }
  const { object, file } = await writeRevocation(dataDir, spec, {
    clock: systemClock,
    random: (bytes) => randomBytes(bytes),
  });
  io.stdout.write(`TokenRevocation ${object.metadata.name} written to ${file}\n`);
}

/** What names a macaroon, and all that is appended to it, without being a credential itself. */
function fingerprintOf(text: string): string {
  try {
    return describeMacaroon(text.trim()).derivedFrom;
  } catch (error) {
    if (error instanceof MacaroonError) throw new CliError(error.code, `--derived-from: ${error.message}`);
    throw error;
  }
}
