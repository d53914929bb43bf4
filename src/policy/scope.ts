/** Whom an installation of some namespaces does not serve. */
import type { VerifiedIdentity } from '../identity.ts';
import type { CompileOptions, Decision } from './types.ts';

/** The refusal of an account of this cluster whose namespace is not served: what its own policies deny is not known here. */
export type Outside = (identities: readonly VerifiedIdentity[]) => Decision | undefined;

/** Undefined where all namespaces are served. */
export function outside({ scope, cluster }: CompileOptions): Outside | undefined {
  if (!scope) return undefined;
  const served = new Set(scope);
  const issuers = new Set(cluster?.issuers);
  return (identities) => {
    for (const { provider, issuer, attributes } of identities) {
      if (provider !== 'kubernetes' || !issuers.has(issuer)) continue;
      const namespace = attributes.get('namespace') ?? '';
      if (served.has(namespace)) continue;
      const detail = `namespace ${namespace} is not among those that are watched`;
      return { allowed: false, reason: 'namespace_not_watched', detail, used: [] };
    }
    return undefined;
  };
}
