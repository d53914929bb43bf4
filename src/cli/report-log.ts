import type { ObjectReport, Snapshot } from '../policy/types.ts';
import type { Log } from './log.ts';
import { reportLines } from './report.ts';

/** Each change of what is served, but of the objects that were there at the start only those with something to see to. */
export function reportLog(log: Log) {
  let first = true;
  return {
    read(snapshot: Snapshot | undefined): void {
      if (!first || !snapshot) return;
      log('info', 'the cluster is read', { objects: snapshot.reports.length, rules: snapshot.ruleCount });
    },
    reports(reports: readonly ObjectReport[]): void {
      const told = first ? reports.filter(({ served, problems }) => !served || problems.length > 0) : reports;
      first = false;
      for (const { level, message, fields } of told.flatMap(reportLines)) log(level, message, fields);
    },
  };
}
