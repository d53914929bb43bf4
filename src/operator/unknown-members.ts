/** What an object says that this version does not know, because its CRD is newer. */
import type { ClusterTrustPolicy, TrustPolicy } from '../api/v1alpha1/index.ts';

/**
 * The path of the first member of `raw` that its schema left out, as `spec.trustRules[0].match.zone`.
 * @param raw what the API server holds
 * @param read the same, read by its schema: with defaults, without unknown members
 */
export function unknownMember(raw: unknown, read: unknown, path = 'spec'): string | undefined {
  if (Array.isArray(raw)) {
    const others = Array.isArray(read) ? read : [];
    for (const [i, item] of raw.entries()) {
      const found = unknownMember(item, others[i], `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isObject(raw) || !isObject(read)) return undefined;
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || value === null) continue;
    const at = `${path}.${name}`;
    if (!Object.hasOwn(read, name)) return at;
    const found = unknownMember(value, read[name], at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The same policy, giving nothing: each rule refuses what it matches, as far as that is understood. */
export function refusing<T extends TrustPolicy['spec'] | ClusterTrustPolicy['spec']>(spec: T): T {
  return { ...spec, trustRules: spec.trustRules.map(({ name, match }) => ({ name, match, deny: true as const })) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
