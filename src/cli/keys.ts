/** `trustmint keys list`. */
import { FileKeyStore } from '../keyring/index.ts';
import { CliError } from './errors.ts';
import type { Io } from './program.ts';

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

function time(seconds: number | null): string {
  return (seconds === null ? '-' : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')).padEnd(20);
}
