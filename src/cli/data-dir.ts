/** The data directory of a mint that serves files, as commands beside it are given it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from './errors.ts';

/**
 * What is written where no mint looks has no effect, and whoever writes it must not believe that it has.
 *
 * @throws CliError no_data_dir
 */
export async function requireDataDir(path: string): Promise<void> {
  const found = await stat(join(path, 'revocations')).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new CliError('no_data_dir', `--data-dir: ${path} is the data directory of no mint: it has no revocations/`);
  }
}
