/** `trustmint keys list|rotate`. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../clock.ts';
import { FileKeyStore, type KeyView, makeJwtKeys, openKeyRing } from '../keyring/index.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';

interface PlaceFlags extends ClusterFlags {
  dataDir?: string;
  namespace?: string;
}

/** Prints each key's id, state and times; never the key. */
export async function listKeys(flags: PlaceFlags, io: Io): Promise<void> {
  const dataDir = dataDirOf(flags);
  if (dataDir !== undefined) return printKeys((await stored(dataDir)).keys, io);
  printKeys(await (await import('./keys-cluster.ts')).keysOfCluster(flags), io);
}

interface RotateFlags extends PlaceFlags {
  maxTtl: number;
  now?: true;
}

/** Publishes a next key, or lets the published one sign; a serving mint takes it over within half a minute. */
export async function rotateKeys(flags: RotateFlags, io: Io): Promise<void> {
  const now = flags.now ?? false;
  const dataDir = dataDirOf(flags);
  if (dataDir === undefined) {
    return printKeys(await (await import('./keys-cluster.ts')).rotateInCluster({ ...flags, now }), io);
  }
  await stored(dataDir);
  const ring = await openKeyRing({
    store: new FileKeyStore(dataDir),
    clock: systemClock,
    random: (bytes) => randomBytes(bytes),
    makeJwtKeys,
    maxTtl: flags.maxTtl,
  });
  const { changes, next } = await ring.rotate({ now });
  for (const { action, kid } of changes) io.stdout.write(`${kid} ${action}\n`);
  if (next) io.stdout.write(`${next.kid} signs from ${time(next.promotesAt)} on\n`);
}

/** undefined: a cluster's. */
function dataDirOf({ dataDir, kubeconfig, context, namespace }: PlaceFlags): string | undefined {
  if (dataDir !== undefined && (kubeconfig ?? context ?? namespace) !== undefined) {
    throw new CliError('usage', '--data-dir goes without --kubeconfig, --context and --namespace');
  }
  return dataDir;
}

async function stored(dataDir: string) {
  const ring = await new FileKeyStore(dataDir).load();
  if (!ring) throw new CliError('no_keys', `${dataDir}: no keys yet; the mint makes them at its first start`);
  return ring;
}

function printKeys(keys: readonly KeyView[], io: Io): void {
  const rows = keys.map((key) => {
    const { kid, state, createdAt, activatedAt, retiredAt, promotesAt, removedAt } = key;
    const then =
      promotesAt !== undefined
        ? `signs from ${time(promotesAt)}`
        : removedAt !== undefined
          ? `goes after ${time(removedAt)}`
          : '';
    const columns = [kid.padEnd(14), state.padEnd(8), ...[createdAt, activatedAt, retiredAt].map(cell), then];
    return columns.join('  ').trimEnd();
  });
  const header = ['KEY'.padEnd(14), 'STATE'.padEnd(8), 'CREATED'.padEnd(20), 'SIGNS SINCE'.padEnd(20), 'RETIRED'];
  io.stdout.write(`${[header.join('  '), ...rows].join('\n')}\n`);
}

const cell = (seconds: number | null) => (seconds === null ? '-' : time(seconds)).padEnd(20);

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
