/** The kinds that are compiled: what is said of an object is what the snapshot reports of it. */
import type { ResourceType } from '../../kube/types.ts';
import type { ObjectReport } from '../../policy/types.ts';
import { FINALIZER } from '../deletion/finalizer.ts';
import type { HeldPolicy } from '../held.ts';
import { NewsOfReports } from '../reports.ts';
import type { ClusterView } from '../view.ts';
import { objectOf } from './object.ts';
import type { FullReport, Reports } from './reports.ts';
import type { Said, StatusKind } from './types.ts';

export interface ReportedKind {
  readonly kind: Exclude<ObjectReport['kind'], 'AgentRegistration'>;
  readonly type: ResourceType;
  readonly view: Pick<ClusterView, 'copies'>;
  readonly reports: Reports;
  /** What to say of one, given what its status says already. */
  readonly sync: (report: FullReport, one: HeldPolicy, now: number) => Said;
  /** What to say of one that is being deleted; absent where its report says all. */
  readonly ended?: (one: HeldPolicy, now: number) => Said;
  /** What there is to add that the snapshot does not know. */
  readonly amend?: (report: FullReport, now: number) => Amended;
}

export interface Amended extends Pick<Said, 'againAfterMs'> {
  readonly report: FullReport;
}

export function reportedStatus({
  kind,
  type,
  view,
  reports,
  sync,
  ended,
  amend = (report) => ({ report }),
}: ReportedKind): StatusKind {
  let news = new NewsOfReports();
  const held = () => view.copies.policies.get(kind)!.items();
  return {
    type,
    keys: () => held().keys(),
    *news(now) {
      const mine = [...reports.current().values()]
        .filter((report) => report.kind === kind)
        .map((report) => amend(report, now).report)
        .map(({ findings, ...report }) => ({ ...report, problems: [...report.problems, ...findings] }));
      for (const { namespace, name } of news.of(mine)) yield namespace === undefined ? name : `${namespace}/${name}`;
    },
    forget() {
      news = new NewsOfReports();
    },
    sync(key, now) {
      // First: it brings up what was taken away.
      const current = reports.current();
      const one = held().get(key);
      if (!one) return undefined;
      if (ended && one.read.object.metadata.deletionTimestamp !== undefined) {
        // Who takes the finalizer off writes the status before.
        if (one.finalizers.includes(FINALIZER)) return undefined;
        return { object: objectOf(one, one.read.object), ...ended(one, now) };
      }
      const report = current.get(one.uid);
      // Nothing is said of a generation that is not the one in use; its own round comes.
      if (!report || report.generation !== one.read.object.metadata.generation) return undefined;
      const { report: told, ...again } = amend(report, now);
      return { object: objectOf(one, one.read.object), ...sync(told, one, now), ...again };
    },
  };
}
