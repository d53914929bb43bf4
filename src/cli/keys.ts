/** `trustmint keys list|rotate`. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../clock.ts';
import { FileKeyStore, makeJwtKeys, openKeyRing } from '../keyring/index.ts';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';

/** Prints each key's id, state and times; never the key. */
export async function listKeys(flags: { dataDir: string }, io: Io): Promise<void> {
  const ring = await new FileKeyStore(flags.dataDir).load();
  if (!ring) throw new CliError('no_keys', `${flags.dataDir}: no keys yet; the mint makes them at its first start`);
  const rows = ring.keys.map(({ kid, state, createdAt, activatedAt, retiredAt }) =>
    [kid.padEnd(14), state.padEnd(8), time(createdAt), time(activatedAt), time(retiredAt)].join('  '),
  );
  const header = ['KEY'.padEnd(14), 'STATE'.padEnd(8), 'CREATED'.padEnd(20), 'SIGNS SINCE'.padEnd(20), 'RETIRED'];
  io.stdout.write(`${[header.join('  '), ...rows].join('\n')}\n`);
}

interface RotateFlags {
  dataDir: string;
  maxTtl: number;
  now?: true;
}

/** Publishes a next key, or lets the published one sign; a serving mint takes it over within half a minute. */
export async function rotateKeys(flags: RotateFlags, io: Io): Promise<void> {
  const store = new FileKeyStore(flags.dataDir);
  if (!(await store.load()))
    throw new CliError('no_keys', `${flags.dataDir}: no keys yet; the mint makes them at its first start`);
  const ring = await openKeyRing({
    store,
    clock: systemClock,
    random: (bytes) => randomBytes(bytes),
    makeJwtKeys,
    maxTtl: flags.maxTtl,
  });
  const { changes, next } = await ring.rotate({ now: flags.now ?? false });
  for (const { action, kid } of changes) io.stdout.write(`${kid} ${action}\n`);
  if (next) io.stdout.write(`${next.kid} signs from ${new Date(next.promotesAt * 1000).toISOString()} on\n`);
}

function time(seconds: number | null): string {
  return (seconds === null ? '-' : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')).padEnd(20);
}
