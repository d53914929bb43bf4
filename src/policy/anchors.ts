/** What a policy's proofs are verified against. */
import { createHash } from 'node:crypto';
import type { ClusterTrustPolicySpec, TrustPolicySpec } from '../api/v1alpha1/index.ts';
import type { Anchor, ProofAlgorithm, ProviderName } from '../identity.ts';
import { canonicalJson } from './canonical.ts';
import { issuerFault } from './issuer.ts';
import { compileKeys } from './key-source.ts';
import type { Problems } from './problems.ts';
import { GITHUB_ISSUER } from './shared-issuers.ts';
import { compileSpiffe } from './spiffe.ts';
import type { CompileOptions } from './types.ts';

type Spec = TrustPolicySpec | ClusterTrustPolicySpec;

export interface PolicyAnchors {
  readonly anchors: readonly Anchor[];
  /** Whether the identities are this cluster's own service accounts. */
  readonly isThisCluster: boolean;
}

/** Any of the asymmetric ones: an OpenID provider's key decides. GitHub and API servers sign with few. */
const ALGORITHMS: Record<ProviderName, readonly ProofAlgorithm[]> = {
  kubernetes: ['RS256', 'ES256', 'ES384', 'ES512'],
  github: ['RS256'],
  // JWT-SVID §2.1: these and no others.
  spiffe: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  oidc: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
};

/** The name of the issuer in most clusters that were not told another: it says nothing about which cluster. */
export const DEFAULT_CLUSTER_ISSUERS: readonly string[] = [
  'https://kubernetes.default.svc.cluster.local',
  'https://kubernetes.default.svc',
];

const TENANT_ID = '{tenantid}';

/** The anchors of one policy: one per issuer that it trusts. Undefined if there is a problem. */
export function compileAnchors(spec: Spec, options: CompileOptions, problems: Problems): PolicyAnchors | undefined {
  const before = problems.errors;
  const own = options.cluster?.issuers ?? [];
  // With keys of its own it is another cluster, though it may bear the same name.
  const isThisCluster =
    spec.provider === 'kubernetes' && !spec.keys && (spec.issuer === undefined || own.includes(spec.issuer));
  if (isThisCluster && !options.cluster) {
    problems.error(
      'NoCluster',
      'spec.issuer',
      'there is no cluster here: name the issuer of the service account tokens',
    );
    return undefined;
  }
  if (spec.spiffe && spec.provider !== 'spiffe')
    problems.error(
      'SpiffeRequired',
      'spec.spiffe',
      `spec.spiffe is for provider spiffe, and this one is ${spec.provider}`,
    );
  const proofCheck = spec.proofCheck ?? (isThisCluster ? 'TokenReview' : 'Signature');
  if (proofCheck === 'TokenReview' && !isThisCluster)
    problems.error(
      'NoTokenReview',
      'spec.proofCheck',
      "TokenReview asks this cluster's API server about its own tokens",
    );
  const trusted = isThisCluster
    ? { issuers: spec.issuer ? [spec.issuer] : own, keys: { kind: 'cluster' } as const }
    : spec.provider === 'spiffe'
      ? compileSpiffe(spec, options, problems)
      : { issuers: writtenIssuers(spec, options, problems), keys: compileKeys(spec.keys, options, problems) };
  const { issuers = [], keys, ...others } = trusted ?? {};
  for (const issuer of issuers)
    if (issuer === options.ownIssuer)
      problems.error('OwnIssuer', 'spec.issuer', 'our own tokens are not proofs of identity');
  if (problems.errors > before || !keys) return undefined;
  const algorithms = [...new Set(spec.algorithms ?? ALGORITHMS[spec.provider])].sort();
  const anchors = [...new Set(issuers)].sort().map((issuer) => {
    const members = { provider: spec.provider, issuer, keys, algorithms, proofCheck, ...others };
    return Object.freeze({ id: anchorId(members), ...members });
  });
  return { anchors, isThisCluster };
}

function anchorId(members: Omit<Anchor, 'id'>): string {
  return createHash('sha256').update(canonicalJson(members)).digest('base64url').slice(0, 22);
}

function writtenIssuers(spec: Spec, options: CompileOptions, problems: Problems): readonly string[] {
  const path = 'spec.issuer';
  const issuer = spec.issuer ?? (spec.provider === 'github' ? GITHUB_ISSUER : undefined);
  if (issuer === undefined) {
    const why = spec.provider === 'oidc' ? 'provider oidc needs an issuer' : 'keys need the issuer that they are of';
    problems.error('IssuerRequired', path, why);
    return [];
  }
  if (spec.provider === 'kubernetes' && !spec.keys && DEFAULT_CLUSTER_ISSUERS.includes(issuer))
    problems.error('AmbiguousIssuer', path, `many clusters are called ${issuer}: say with keys which one is meant`);
  const issuers = expandTenants(issuer, spec.issuerTenants, problems);
  const fault = issuers.map((one) => issuerFault(one, options.allowLoopbackHttp)).find((one) => one !== undefined);
  if (fault !== undefined) problems.error('InvalidIssuer', path, `the issuer ${fault}`);
  return issuers;
}

/** Entra's multi-tenant issuer stands for one issuer per tenant; each is trusted by its own exact name. */
function expandTenants(issuer: string, tenants: readonly string[] | undefined, problems: Problems): string[] {
  const parts = issuer.split(TENANT_ID);
  if (tenants === undefined) {
    if (parts.length > 1) problems.error('IssuerTenants', 'spec.issuer', `${TENANT_ID} needs issuerTenants`);
    return parts.length > 1 ? [] : [issuer];
  }
  const before = parts[0]!;
  if (parts.length !== 2 || !/^https?:\/\/[^/]+\//.test(before)) {
    problems.error('IssuerTenants', 'spec.issuerTenants', `needs an issuer with one ${TENANT_ID} in its path`);
    return [];
  }
  const already = problems.errors;
  tenants.forEach((tenant, i) => {
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/.test(tenant))
      problems.error('IssuerTenants', `spec.issuerTenants[${i}]`, 'a tenant id is letters, digits, dots and dashes');
  });
  return problems.errors > already ? [] : tenants.map((tenant) => parts.join(tenant));
}
