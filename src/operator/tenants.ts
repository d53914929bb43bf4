/** Whose a namespace is. */
import type { Tenancy } from '../policy/types.ts';
import type { HeldNamespace } from './held.ts';

/** What the installation takes for a tenant; the labels of `NamespaceLabel` are read from the cluster. */
export type TenancyMode =
  | { readonly mode: 'Namespace' }
  | { readonly mode: 'NamespaceLabel' }
  | { readonly mode: 'Single'; readonly tenant: string };

/** The tenancy as it is now. */
export function tenancyOf(mode: TenancyMode, namespaces: Iterable<HeldNamespace>): Tenancy {
  if (mode.mode !== 'NamespaceLabel') return mode;
  const labelled = [...namespaces].flatMap(({ name, tenant }) =>
    tenant === undefined ? [] : ([[name, tenant]] as [string, string][]),
  );
  return { mode: 'NamespaceLabel', tenantOf: new Map(labelled) };
}

/**
 * Of which tenant's tokens a TokenRevocation speaks.
 * @param own the operator's namespace: there the platform team writes, and of any tenant
 * @returns null: any; undefined: none
 */
export function revokesFor(
  tenancy: Tenancy,
  own: string,
): (namespace: string | undefined) => string | null | undefined {
  return (namespace) => {
    if (namespace === undefined) return undefined;
    if (namespace === own) return null;
    if (tenancy.mode === 'Single') return tenancy.tenant;
    return tenancy.mode === 'Namespace' ? namespace : tenancy.tenantOf.get(namespace);
  };
}
