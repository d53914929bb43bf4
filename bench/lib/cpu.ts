/** What a process has cost: all its threads, user and system. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const CPU_SOURCE = 'utime + stime of /proc/<pid>/stat (all threads)';

let ticksPerSecond: number | undefined;

/**
 * CPU seconds that a process has used since it started (proc_pid_stat(5), fields 14 and 15).
 * It counts in ticks, 10 ms as a rule, so a measured window should last a second or more.
 *
 * @throws Error where there is no /proc, or no such process
 */
export function cpuSeconds(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
