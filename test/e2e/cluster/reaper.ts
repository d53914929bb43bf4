/**
 * Ends a cluster whose owner is gone, in whatever way: its standard input ends with the owner.
 * Input, a line each: `+PID` is to be killed then, `-PID` no longer. The one argument is the folder to remove.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [folder] = process.argv.slice(2);
const pids = new Set<number>();

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) pids.add(pid);
  else pids.delete(pid);
}
for (const pid of pids) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
