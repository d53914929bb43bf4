import type { ObjectReport, Snapshot } from '../policy/types.ts';
import type { Log } from './log.ts';
import { reportLines } from './report.ts';

/**
 * Each change of what is served; of the objects that were there at the start, those with nothing to see to for `debug`
 * alone.
 *
 * @param source what was read at first, as `the cluster is`
 */
export function reportLog(log: Log, source: string) {
  let first = true;
  return {
    read(snapshot: Snapshot | undefined): void {
      if (!first || !snapshot) return;
      log('info', `${source} read`, { objects: snapshot.reports.length, rules: snapshot.ruleCount });
    },
    reports(reports: readonly ObjectReport[]): void {
      for (const report of reports) {
        const isQuiet = first && report.served && report.problems.length === 0;
        for (const { level, message, fields } of reportLines(report)) log(isQuiet ? 'debug' : level, message, fields);
      }
      first = false;
    },
  };
}
