import type { Clock } from '../clock.ts';
import { encodeRecord } from './encode.ts';
import { AuditError } from './errors.ts';
import type { AuditEvent } from './record.ts';
import { RefusalLimiter } from './refusal-limiter.ts';
import type { AuditSink } from './sink.ts';
import { SinkQueue, type SinkStatus } from './sink-queue.ts';

export interface AuditOptions {
  /** At least one; a record counts as written when every one has it. */
  readonly sinks: readonly AuditSink[];
  readonly clock: Clock;
  /** Records that may wait for one sink; default 10,000. */
  readonly maxQueue?: number;
  /** Milliseconds until a record counts as lost; default 1,000. */
  readonly timeoutMs?: number;
  /** Takes a sentence when a sink fails or recovers. Must not lead back here. */
  readonly log?: (message: string, level: 'info' | 'error') => void;
  /** Resolves when records that come at the same time have come; default: after this turn of the event loop. */
  readonly turn?: () => Promise<void>;
}

const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

export interface Audit {
  /**
   * Writes one record, with the time as it is now, to every sink.
   *
   * A granted record may stand without a token: its caller answered 503 because another sink failed, or because it was
   * written too late (then marked so where it still could be). A token never leaves without its record.
   *
   * Of the refusals of one identity (or, where none was verified, of one peer) 10 a second are written, be it a token or
   * the registering of an agent that was refused; the rest are counted, and a `suppressed` record says how many. Nothing
   * but a refusal is ever held back.
   *
   * @param limitBy whose a refusal is, if neither its identity nor its peer says so
   * @throws AuditError audit_unavailable: not every sink had it within the timeout, or a queue is full
   */
  record(event: AuditEvent, limitBy?: string): Promise<void>;
  /** For readiness and metrics. */
  status(): readonly SinkStatus[];
  /** Writes what waits, for at most a timeout, and closes the sinks. */
  close(): Promise<void>;
}

/** Whose a refusal is; undefined for what is none. A subject is unique only together with its anchor. */
function refusedTo(event: AuditEvent): string | undefined {
  if (event.kind === 'agent') return event.action === 'refused' ? (event.requested_by ?? event.peer) : undefined;
  if (event.kind !== 'exchange' || event.outcome !== 'refused') return undefined;
  return event.identity ? `${event.identity.anchor} ${event.identity.subject}` : event.peer;
}

/** @throws AuditError invalid_option */
export function createAudit(options: AuditOptions): Audit {
  const { sinks, clock, maxQueue = 10_000, timeoutMs = 1000, log = () => {}, turn = endOfTurn } = options;
  if (sinks.length === 0) throw new AuditError('invalid_option', 'an audit needs at least one sink');
  const queues = sinks.map((sink) => new SinkQueue(sink, { clock, maxQueue, timeoutMs, log, turn }));

  async function write(event: AuditEvent): Promise<void> {
    // Asked before any is used: a record that one sink cannot take is not left behind in another.
    if (queues.some((q) => q.full)) throw new AuditError('audit_unavailable', 'an audit sink takes no more');
    const line = encodeRecord(event, clock.now());
    if (queues.length === 1) return await queues[0]!.push(line);
    await Promise.all(queues.map((q) => q.push(line)));
  }

  const limiter = new RefusalLimiter({
    clock,
    perSecond: 10,
    maxKeys: 10_000,
    maxSummaries: 100,
    onSuppressed({ of, count, from, to }) {
      const span = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      write({ kind: 'suppressed', id: '-', of, count, ...span }).catch(() => {
        log(`the audit lost a count: ${count} refusals not written`, 'error');
      });
    },
  });

  return {
    async record(event, limitBy) {
      const whose = refusedTo(event);
      if (whose !== undefined && !limiter.admit(limitBy ?? whose)) return;
      await write(event);
    },
    status: () => queues.map((q) => q.status()),
    async close() {
      limiter.flush();
      await Promise.all(queues.map((q) => q.close()));
    },
  };
}
