/** What became of an object, as lines for a person: conditions that are not as they should be, and lint. */
import type { ObjectReport } from '../policy/types.ts';
import type { LogFields, LogLevel } from './log.ts';

export interface ReportLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** `Kind/namespace/name`. */
export function objectName({ kind, namespace, name }: Pick<ObjectReport, 'kind' | 'namespace' | 'name'>): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

/** One line that says whether the object is served, and one for each of its problems. */
export function reportLines(report: ObjectReport): ReportLine[] {
  const object = objectName(report);
  const ready = report.conditions.find(({ type }) => type === 'Ready');
  const level = report.served ? 'info' : 'warn';
  const state = report.served ? `${object} is served` : `${object} is not served`;
  return [
    {
      level,
      message: state,
      fields: { phase: report.phase, rules: report.rules, ...(ready && { reason: ready.reason }), object },
    },
    ...report.problems.map(
      ({ code, severity, path, message }): ReportLine => ({
        level: severity === 'error' ? 'error' : 'warn',
        message: `${object} ${path}: ${message}`,
        fields: { code, object },
      }),
    ),
  ];
}
