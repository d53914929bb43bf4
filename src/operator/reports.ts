/** What became of the objects: also of those that could not be read, and which of it is news. */
import type { ObjectReport, Snapshot } from '../policy/types.ts';
import type { Copies } from './copies.ts';

/** The snapshot, whose reports say why objects could not be read, or not all of them: the compiler does not see it. */
export function mergeFaults(snapshot: Snapshot, copies: Copies): Snapshot {
  const faults = new Map(
    [...copies.policies.values()]
      .flatMap((one) => [...one.items().values()])
      .flatMap(({ uid, read: { fault = undefined, unknown = fault } }) => (unknown ? [[uid, unknown] as const] : [])),
  );
  if (faults.size === 0) return snapshot;
  const reports = snapshot.reports.map((report): ObjectReport => {
    const fault = faults.get(report.uid);
    if (!fault) return report;
    const isRead = fault.severity === 'warning';
    // What is wrong with it anyway is said first.
    if (isRead && !report.served) return report;
    const message = `${fault.path}: ${fault.message}`;
    const conditions = report.conditions.map((condition) =>
      condition.type === 'Ready' || (condition.type === 'Accepted' && !isRead)
        ? { ...condition, status: 'False' as const, reason: fault.code, message }
        : condition,
    );
    return { ...report, conditions, problems: isRead ? [...report.problems, fault] : [fault] };
  });
  return Object.freeze({ ...snapshot, reports });
}

/** Tells which reports say something else than the ones before. */
export class NewsOfReports {
  #before = new Map<string, string>();

  of(reports: readonly ObjectReport[]): ObjectReport[] {
    const now = new Map<string, string>();
    const news = reports.filter((report) => {
      const key = `${report.kind}/${report.uid}`;
      const said = saying(report);
      now.set(key, said);
      return this.#before.get(key) !== said;
    });
    this.#before = now;
    return news;
  }
}

/** Most reports hold no problems, and there may be ten thousand of them. */
function saying({ generation, served, phase, rules, conditions, problems }: ObjectReport): string {
  const states = conditions.map(({ status, reason }) => `${status} ${reason}`).join();
  return `${generation} ${served} ${phase} ${rules} ${states}${problems.length > 0 ? JSON.stringify(problems) : ''}`;
}
