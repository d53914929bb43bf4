/** A secret that lies in a file, read again when the file changes. */
import { readFileSync, statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { ServerError } from './errors.ts';
import type { SecretProvider } from './types.ts';

const LOOK_EVERY_MS = 1_000;
const MIN_BYTES = 16;
const MAX_BYTES = 4_096;

/**
 * Provides the token of `file` without the white space around it. The file is looked at once a second at most. A file
 * that vanished or holds no proper token provides none, so that nobody may ask until it is back.
 * @throws ServerError `token_file` if at the start it cannot be read or holds fewer than 16 characters
 */
export function tokenFile(file: string, clock: Clock): SecretProvider {
  // The stamp first: what changes while it is read is then read again.
  let stamp = stampOf(file);
  let token: Uint8Array | undefined = read(file);
  let looked = clock.monotonic();
  return () => {
    if (clock.monotonic() - looked < LOOK_EVERY_MS) return token;
    looked = clock.monotonic();
    const now = stampOf(file);
    if (now === stamp) return token;
    stamp = now;
    try {
      token = read(file);
    } catch {
      token = undefined;
    }
    return token;
  };
}

function read(file: string): Uint8Array {
  let text: string;
  try {
    if (statSync(file).size > MAX_BYTES) throw new Error();
    text = readFileSync(file, 'utf8').trim();
  } catch {
    throw new ServerError('token_file', `cannot read a token of at most ${MAX_BYTES} bytes from ${file}`);
  }
  if (text.length < MIN_BYTES || !/^[\x21-\x7e]+$/.test(text)) {
    throw new ServerError('token_file', `${file} must hold one token of at least ${MIN_BYTES} visible characters`);
  }
  return Buffer.from(text);
}

/** Changes with the content: a replaced file has another inode, a rewritten one another time or size. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat ? `${stat.ino}/${stat.mtimeNs}/${stat.size}` : '';
}
