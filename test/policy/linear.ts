/**
 * The oracle: the one order and the meaning of a rule, told again in the plainest way, straight from the objects.
 * It shares nothing with the engine but the reports' word on which policies are served.
 */
import type { ClusterTrustPolicy, TrustPolicy, TrustRule } from '../../src/api/v1alpha1/index.ts';
import type { VerifiedIdentity } from '../../src/identity.ts';
import type { DecisionRequest, PolicyObjects, Snapshot } from '../../src/policy/types.ts';

type Policy = TrustPolicy | ClusterTrustPolicy;

/** A glob by definition: tries everything. */
export function naiveGlob(pattern: string, value: string): boolean {
  if (pattern === '') return value === '';
  if (pattern.startsWith('**')) {
    const rest = pattern.replace(/^\*+/, '');
    for (let i = 0; i <= value.length; i++) if (naiveGlob(rest, value.slice(i))) return true;
    return false;
  }
  if (pattern.startsWith('*')) {
    for (let i = 0; i <= value.length; i++) {
      if (naiveGlob(pattern.slice(1), value.slice(i))) return true;
      if (value[i] === '/' || value[i] === ':') return false;
    }
    return false;
  }
  return value !== '' && pattern[0] === value[0] && naiveGlob(pattern.slice(1), value.slice(1));
}

const FIELDS: Record<string, string[]> = {
  kubernetes: ['namespace', 'serviceAccount'],
  github: ['owner', 'repository', 'ref', 'eventName'],
  oidc: [],
  spiffe: ['id'],
};

const absent = (value: unknown) =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

function claim(identity: VerifiedIdentity, name: string): unknown {
  let value: unknown = identity.claims;
  for (const part of name.startsWith('/') ? name.slice(1).split('/') : [name])
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? Reflect.get(value, part) : undefined;
  return value;
}

function some(value: unknown, patterns: readonly string[]): boolean {
  const all = Array.isArray(value) ? value : [value];
  return all.some(
    (one) => typeof one === 'string' && one !== '' && patterns.some((pattern) => naiveGlob(pattern, one)),
  );
}

function matches(policy: Policy, { match }: TrustRule, identity: VerifiedIdentity): boolean {
  const inPath = [...(policy.spec.spiffe?.pathTemplate ?? '').matchAll(/\{(\w+)\}/g)].map(([, field = '']) => field);
  const fields = [...FIELDS[policy.spec.provider]!, ...inPath];
  for (const [field, wanted] of Object.entries(match.path ?? {}))
    if (!some(identity.attributes.get(field), [wanted])) return false;
  const isOwn = policy.kind === 'TrustPolicy' && policy.spec.provider === 'kubernetes' && match.namespace === undefined;
  if (isOwn && identity.attributes.get('namespace') !== policy.metadata.namespace) return false;
  for (const field of fields) {
    const wanted = Reflect.get(match, field);
    if (wanted !== undefined && !some(identity.attributes.get(field), [wanted])) return false;
  }
  for (const [name, wanted] of Object.entries(match.claims ?? {}))
    if (!some(claim(identity, name), [wanted])) return false;
  return (match.expressions ?? []).every(({ key, operator, values = [] }) => {
    const value = fields.includes(key) ? identity.attributes.get(key) : claim(identity, key);
    if (operator === 'In') return some(value, values);
    if (operator === 'Exists') return !absent(value);
    if (operator === 'DoesNotExist') return absent(value);
    if (operator === 'IsTrue') return value === true;
    if (operator === 'IsFalse') return value === false;
    const isText = typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
    return !absent(value) && isText && !some(value, values);
  });
}

function order(objects: PolicyObjects): Policy[] {
  const byName = (a: Policy, b: Policy) => (a.metadata.name < b.metadata.name ? -1 : 1);
  const clusterwide = [...objects.clusterTrustPolicies].sort(
    (a, b) => b.spec.priority - a.spec.priority || byName(a, b),
  );
  const namespaced = [...objects.trustPolicies].sort((a, b) => {
    const [x = '', y = ''] = [a.metadata.namespace, b.metadata.namespace];
    return x === y ? byName(a, b) : x < y ? -1 : 1;
  });
  return [
    ...clusterwide.filter(({ spec }) => spec.priority >= 0),
    ...namespaced,
    ...clusterwide.filter(({ spec }) => spec.priority < 0),
  ];
}

export interface Verdict {
  readonly outcome: string;
  readonly policy?: string | undefined;
  readonly rule?: string;
}

/** @param fixedTenant the tenant of a policy, where it is not a template */
export function linear(
  objects: PolicyObjects,
  snapshot: Snapshot,
  identities: readonly VerifiedIdentity[],
  request: DecisionRequest,
  fixedTenant: (policy: Policy, identity: VerifiedIdentity) => string,
): Verdict {
  const isServed = (policy: Policy) =>
    snapshot.reports.some((report) => report.uid === policy.metadata.uid && report.served);
  const policies = order(objects).filter(isServed);
  const isOf = (policy: Policy, identity: VerifiedIdentity) => trusts(policy, snapshot, identity);
  const asked = request.resource ?? request.audience ?? 'default';
  const resource = [...snapshot.resources.values()].find(
    (one) => one.name === asked || one.audience === asked || one.resourceUris.includes(asked),
  );
  for (const policy of policies) {
    for (const one of policy.spec.trustRules) {
      for (const identity of identities) {
        if (!isOf(policy, identity) || !matches(policy, one, identity)) continue;
        const isAccepted = identity.audiences.includes(policy.spec.audience);
        const verdict = (outcome: string): Verdict => ({ outcome, policy: policy.metadata.uid, rule: one.name });
        if (one.deny) {
          if (isAccepted || policy.kind === 'ClusterTrustPolicy') return verdict('denied_by_rule');
          continue;
        }
        const listed = one.issue?.resources ?? ['default'];
        if (!isAccepted || !listed.includes(resource?.name ?? request.resource ?? '')) continue;
        const tenant = fixedTenant(policy, identity);
        if (request.tenant !== undefined && tenant !== '' && tenant !== request.tenant) continue;
        if (policy.spec.state === 'Suspended') return verdict('policy_suspended');
        if (policy.spec.state === 'Revoked') return verdict('policy_revoked');
        if (!resource) return verdict('nothing_left');
        const scopes = resource.scopes.filter((scope) => one.issue?.scopes?.includes(scope));
        if (resource.scopes.length > 0 && scopes.length === 0) return verdict('nothing_left');
        if (tenant === '') return verdict('template_failed');
        const run = claim(identity, 'run');
        const isRendered = (typeof run === 'string' && /^[a-z/:]+$/.test(run)) || Number.isSafeInteger(run);
        if (one.issue?.labelTemplate && !isRendered) return verdict('template_failed');
        return verdict('granted');
      }
    }
  }
  const anyAudience = policies.some((policy) =>
    identities.some((identity) => isOf(policy, identity) && identity.audiences.includes(policy.spec.audience)),
  );
  if (!anyAudience) return { outcome: 'wrong_audience' };
  return { outcome: resource ? 'no_rule' : 'unknown_resource' };
}

/** Anchors differ by provider, issuer, path template and, in these tests, whether keys are given. */
function trusts({ spec }: Policy, snapshot: Snapshot, identity: VerifiedIdentity): boolean {
  const anchor = snapshot.anchors.get(identity.anchor)!;
  if (spec.spiffe) {
    const segments = anchor.pathTemplate?.map((part) => ('field' in part ? `{${part.field}}` : part.literal));
    const isItsTemplate = `/${segments?.join('/')}` === spec.spiffe.pathTemplate;
    return anchor.issuer === `spiffe://${spec.spiffe.trustDomain}` && isItsTemplate;
  }
  const isGithub = spec.provider === 'github' && spec.issuer === undefined;
  const issuer = spec.issuer ?? (isGithub ? 'https://token.actions.githubusercontent.com' : 'https://cluster.example');
  const source = spec.keys?.jwksUrl ?? '';
  return (
    anchor.provider === spec.provider &&
    anchor.issuer === issuer &&
    (anchor.keys.kind === 'jwksUrl' ? anchor.keys.url : '') === source
  );
}
