/** Reading what a command is given: a file, or standard input for `-`. Secrets come this way, never as arguments. */
import { readFile, stat } from 'node:fs/promises';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';

const MAX_BYTES = 1 << 20;

/** The text of `file`, or of standard input for `-`; at most 1 MiB. */
export async function readInput(file: string, io: Io): Promise<string> {
  if (file !== '-') return readText(file);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BYTES) throw new CliError('too_large', 'standard input: more than 1 MiB');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function readText(file: string): Promise<string> {
  let text: Buffer;
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new CliError('too_large', `${file}: more than 1 MiB`);
    text = await readFile(file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw unreadable(file, error);
  }
  return text.toString('utf8');
}

/** A file that cannot be read, by its name and the system's code. */
export function unreadable(file: string, error: unknown): CliError {
  return new CliError('unreadable', `${file}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`);
}
