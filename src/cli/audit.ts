/** `trustmint audit tail`. */
import { formatRecord, tailAudit } from '../audit/index.ts';
import { unreadable } from './input.ts';
import type { Io } from './io.ts';

/** Prints records for people; lines that are no record as they are. */
export async function tail(file: string, flags: { follow?: boolean; lines?: number }, io: Io): Promise<void> {
  const source = file === '-' ? io.stdin : file;
  const options = {
    follow: flags.follow ?? false,
    ...(flags.lines !== undefined && { last: flags.lines }),
    ...(io.signal && { signal: io.signal }),
  };
  try {
    for await (const item of tailAudit(source as Parameters<typeof tailAudit>[0], options)) {
      const text = 'record' in item ? formatRecord(item.record, { color: io.stdout.isTTY === true }) : item.unreadable;
      io.stdout.write(`${text}\n`);
    }
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error;
    throw unreadable(file, error);
  }
}
