/** Audit records that come by the thousand, and must not crowd out those of exchanges. */
import type { AuditEvent } from '../audit/index.ts';
import type { Log } from './log.ts';

/** Records that wait for the sinks at a time: a tenth of what there is room for. */
const AT_ONCE = 1_000;

/**
 * A function that leaves records in their order, a thousand at a time; what cannot be written is told in one line.
 *
 * @param recorded resolves when the record is written
 */
export function paced(recorded: (event: AuditEvent) => Promise<void>, log: Log): (event: AuditEvent) => void {
  let waiting: AuditEvent[] = [];
  let isBusy = false;

  async function drain(): Promise<void> {
    isBusy = true;
    while (waiting.length > 0) {
      const some = waiting.slice(0, AT_ONCE);
      waiting = waiting.slice(AT_ONCE);
      const outcomes = await Promise.allSettled(some.map(recorded));
      const lost = outcomes.filter(({ status }) => status === 'rejected').length;
      if (lost > 0) log('error', 'audit records cannot be written', { lost });
    }
    isBusy = false;
  }

  return (event) => {
    waiting.push(event);
    if (!isBusy) void drain();
  };
}
