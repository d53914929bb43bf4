/** Whose token it is: authority follows where the policy lives. */
import type { ClusterTrustPolicy, TrustPolicy, TrustPolicySpec } from '../api/v1alpha1/index.ts';
import type { VerifiedIdentity } from '../identity.ts';
import type { TenantSource } from './model.ts';
import type { Problems } from './problems.ts';
import { isAllowedResult, parseTemplate, type Rendered, renderTemplate } from './template.ts';
import type { CompileOptions } from './types.ts';

const HINT = 'only a ClusterTrustPolicy may';

/** The namespace of a namespaced object; manifests may leave it out. */
export function namespaceOf(object: TrustPolicy): string {
  return object.metadata.namespace ?? 'default';
}

/** Outside `Single`, a TrustPolicy trusts this cluster's own service accounts of its own namespace, and nothing else. */
export function confineTrustPolicy(object: TrustPolicy, options: CompileOptions, problems: Problems): void {
  if (options.tenancy.mode === 'Single') return;
  const { provider, issuer, keys, algorithms, proofCheck, trustRules }: TrustPolicySpec = object.spec;
  if (provider !== 'kubernetes')
    problems.error('ProviderNotAllowed', 'spec.provider', `${HINT} trust provider ${provider}`);
  if (issuer !== undefined && !options.cluster?.issuers.includes(issuer))
    problems.error('IssuerNotAllowed', 'spec.issuer', `${HINT} trust another issuer than this cluster's`);
  if (keys) problems.error('KeysNotAllowed', 'spec.keys', `${HINT} say which keys are trusted`);
  if (algorithms) problems.error('AlgorithmsNotAllowed', 'spec.algorithms', `${HINT} choose algorithms`);
  if (proofCheck) problems.error('ProofCheckNotAllowed', 'spec.proofCheck', `${HINT} choose how proofs are checked`);
  // The schema has no such member, but a manifest may hold one.
  if ('tenant' in object.spec) problems.error('TenantNotAllowed', 'spec.tenant', `${HINT} write a tenant`);
  const own = namespaceOf(object);
  trustRules.forEach(({ match }, i) => {
    if (match.namespace !== undefined && match.namespace !== own)
      problems.error(
        'NamespaceNotAllowed',
        `spec.trustRules[${i}].match.namespace`,
        `a TrustPolicy matches its own namespace (${own}); ${HINT} name another`,
      );
  });
}

/** Undefined if there is a problem. */
export function compileTenant(
  object: TrustPolicy | ClusterTrustPolicy,
  isThisCluster: boolean,
  { tenancy }: CompileOptions,
  problems: Problems,
): TenantSource | undefined {
  const written = object.kind === 'ClusterTrustPolicy' ? object.spec.tenant : undefined;
  if (written !== undefined) return compileWritten(written, problems);
  if (tenancy.mode === 'Single') return fixed(tenancy.tenant, problems);
  if (object.kind === 'TrustPolicy') {
    const namespace = namespaceOf(object);
    const tenant = tenancy.mode === 'Namespace' ? namespace : tenancy.tenantOf.get(namespace);
    if (tenant) return fixed(tenant, problems);
    problems.error(
      'NoTenant',
      'metadata.namespace',
      `namespace ${namespace} has no tenant: the platform team labels it trustmint.dev/tenant`,
    );
    return undefined;
  }
  if (!isThisCluster) {
    problems.error('TenantRequired', 'spec.tenant', "write the tenant: these are not this cluster's accounts");
    return undefined;
  }
  return tenancy.mode === 'Namespace' ? { kind: 'namespace' } : { kind: 'label', tenantOf: tenancy.tenantOf };
}

function compileWritten(text: string, problems: Problems): TenantSource | undefined {
  const parsed = parseTemplate(text);
  if (!('template' in parsed)) {
    problems.error('InvalidTemplate', 'spec.tenant', `at character ${parsed.position}: ${parsed.message}`);
    return undefined;
  }
  const { template } = parsed;
  return template.parts.every((part) => typeof part === 'string')
    ? { kind: 'fixed', tenant: text }
    : { kind: 'template', template };
}

function fixed(tenant: string, problems: Problems): TenantSource | undefined {
  if (isAllowedResult(tenant)) return { kind: 'fixed', tenant };
  problems.error('InvalidTenant', 'spec.tenant', 'a tenant is 1 to 128 of A-Z a-z 0-9 . _ : / @ + -');
  return undefined;
}

/** The tenant of a token for this identity. */
export function renderTenant(source: TenantSource, identity: VerifiedIdentity): Rendered {
  if (source.kind === 'fixed') return { value: source.tenant };
  if (source.kind === 'template') return renderTemplate(source.template, identity);
  const namespace = identity.attributes.get('namespace');
  if (namespace === undefined) return { fault: 'the proof names no namespace' };
  const tenant = source.kind === 'namespace' ? namespace : source.tenantOf.get(namespace);
  return tenant !== undefined && isAllowedResult(tenant) ? { value: tenant } : { fault: 'the namespace has no tenant' };
}
