/** The one order in which rules are tried. */
import type { CompiledPolicy } from './model.ts';
import { compareText } from './text.ts';

/** Guardrails, then namespaces, then defaults for everybody. */
function tier({ ref, priority }: CompiledPolicy): number {
  if (ref.kind === 'TrustPolicy') return 1;
  return priority >= 0 ? 0 : 2;
}

/**
 * ClusterTrustPolicies of priority 0 and above, TrustPolicies, ClusterTrustPolicies below 0; within each the higher
 * priority first, then by namespace and name. Inside a policy the order is the list's.
 */
export function comparePolicies(a: CompiledPolicy, b: CompiledPolicy): number {
  return (
    tier(a) - tier(b) ||
    b.priority - a.priority ||
    compareText(a.ref.namespace ?? '', b.ref.namespace ?? '') ||
    compareText(a.ref.name, b.ref.name)
  );
}
