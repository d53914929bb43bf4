/** The Events of a deletion: told before the object goes, and never in the way. */
import type { Clock } from '../../clock.ts';
import { type KubeLog, tellOnce } from '../../kube/index.ts';
import type { KubeClient } from '../../kube/types.ts';
import { statusOf } from '../errors.ts';
import type { Reporting } from '../status/reporting.ts';
import type { News } from '../status/types.ts';
import type { Deletable, DeletedKind } from './types.ts';

const DEADLINE = 2_000;
/** Milliseconds for which nothing is told in a namespace that refused it: it ends, or we have no right. */
const SILENT = 60_000;

export interface NoticesSettings {
  readonly client: Pick<KubeClient, 'create'>;
  readonly clock: Clock;
  readonly reporting?: Pick<Reporting, 'tells'>;
  readonly instance: string;
  readonly log?: KubeLog;
}

export interface Notices {
  deleted(kind: DeletedKind, one: Deletable, signal: AbortSignal): Promise<void>;
  /** Also logged. */
  unfinished(kind: DeletedKind, one: Deletable, what: readonly string[], signal: AbortSignal): Promise<void>;
}

export function createNotices({ client, clock, reporting, instance, log }: NoticesSettings): Notices {
  const silentUntil = new Map<string, number>();

  async function tell(one: Deletable, news: News, signal: AbortSignal): Promise<void> {
    const { apiVersion, kind, metadata } = one.read.object;
    const { name, namespace } = metadata;
    const where = namespace ?? '';
    if (reporting && !reporting.tells(namespace)) return;
    if ((silentUntil.get(where) ?? Number.NEGATIVE_INFINITY) > clock.monotonic()) return;
    const regarding = {
      apiVersion,
      kind,
      metadata: { name, uid: one.uid, ...(namespace !== undefined && { namespace }) },
    };
    const source = { controller: 'trustmint.dev/operator', instance, at: clock.now() };
    try {
      await tellOnce(client, { regarding, action: 'Delete', ...news }, source, { signal, deadlineMs: DEADLINE });
    } catch (error) {
      if (statusOf(error) !== 403) return;
      if (silentUntil.size > 1_000) silentUntil.clear();
      silentUntil.set(where, clock.monotonic() + SILENT);
    }
  }

  return {
    async deleted(kind, one, signal) {
      // Worked out as if nobody had said so yet: whoever led before may have written the status and no more.
      const [news] = kind.ended({ ...one, status: undefined }, clock.now()).news;
      if (news) await tell(one, news, signal);
    },
    async unfinished(kind, one, what, signal) {
      const { name, namespace } = one.read.object.metadata;
      const note = `the object goes, and this is not done: ${what.join(', ')}`;
      log?.('error', 'a deletion was not finished in time', {
        object: `${kind.kind}/${namespace ?? '-'}/${name}`,
        uid: one.uid,
        missing: what.join(', '),
      });
      await tell(one, { type: 'Warning', reason: 'FinalizerReleased', note }, signal);
    },
  };
}
