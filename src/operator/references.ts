/** What policies refer to beside their own kinds: ConfigMaps of keys. */
import type { Condition, ObjectReport, PolicyObjects, Problem, Snapshot } from '../policy/types.ts';
import type { ConfigMaps } from './config-maps.ts';
import { member, text } from './errors.ts';

interface Ref {
  readonly name: string;
  readonly key: string;
  readonly path: string;
}

export interface References {
  /** The snapshot, whose reports say which references lead nowhere. @param objects those that it was compiled from */
  merge(snapshot: Snapshot, objects: PolicyObjects): Snapshot;
  /** Whether another merge would say something else. */
  changed(): boolean;
}

export function createReferences(configMaps: Pick<ConfigMaps, 'faultOf'>): References {
  let named: readonly Ref[] = [];
  let said = '';
  const saying = () => named.map(({ name, key }) => configMaps.faultOf(name, key)?.code ?? '').join();

  return {
    merge(snapshot, { trustPolicies, clusterTrustPolicies }) {
      const refs = [...trustPolicies, ...clusterTrustPolicies].flatMap(({ metadata, spec }) => {
        return refsOf(spec).map((ref) => ({ uid: metadata.uid, ...ref }));
      });
      named = refs;
      said = saying();
      const problems = new Map<string | undefined, Problem>();
      for (const { uid, name, key, path } of refs) {
        const fault = configMaps.faultOf(name, key);
        if (fault) problems.set(uid, { ...fault, severity: 'warning', path });
      }
      if (problems.size === 0) return snapshot;
      const reports = snapshot.reports.map((report) => withProblem(report, problems.get(report.uid)));
      return Object.freeze({ ...snapshot, reports });
    },
    changed: () => said !== saying(),
  };
}

/** Whatever provider's it is, one of these says where its keys are. */
const PATHS = [
  ['keys', 'configMapRef'],
  ['spiffe', 'bundle', 'configMapRef'],
];

function refsOf(spec: unknown): Ref[] {
  return PATHS.flatMap((path) => {
    const ref = path.reduce(member, spec);
    const [name, key] = [text(ref, 'name'), text(ref, 'key')];
    return name === undefined || key === undefined ? [] : [{ name, key, path: `spec.${path.join('.')}` }];
  });
}

/** Without keys no proof of the policy's issuer verifies: it is not ready, though it is accepted and what it denies stands. */
function withProblem(report: ObjectReport, problem: Problem | undefined): ObjectReport {
  if (!problem || report.problems.some(({ severity }) => severity === 'error')) return report;
  const { code: reason, path, message } = problem;
  const conditions = report.conditions.map(
    (condition): Condition =>
      condition.status === 'True' && (condition.type === 'ResolvedRefs' || condition.type === 'Ready')
        ? { type: condition.type, status: 'False', reason, message: `${path}: ${message}` }
        : condition,
  );
  return { ...report, conditions, problems: [...report.problems, problem] };
}
