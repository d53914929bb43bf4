/** What is easily got wrong about SPIFFE identities. */
import type { ClusterTrustPolicy, TrustPolicy } from '../api/v1alpha1/index.ts';
import { hasWildcard } from './glob.ts';
import type { CompiledPolicy, CompiledRule } from './model.ts';
import { type Predicate, patternsOf } from './predicate.ts';
import type { Problems } from './problems.ts';
import type { CompileOptions } from './types.ts';

/** Of one policy; `path` of a rule as elsewhere. */
export function lintSpiffe(
  { spec }: TrustPolicy | ClusterTrustPolicy,
  policy: CompiledPolicy,
  { ownIssuer }: CompileOptions,
  problems: Problems,
): void {
  if (ownIssuer !== undefined && spec.audience !== ownIssuer)
    problems.warning(
      'AudienceNotIssuer',
      'spec.audience',
      `an OAuth client authenticates with an SVID made for the issuer ${ownIssuer} alone`,
    );
  const { keys } = policy.anchors[0]!;
  if (keys.kind === 'inline' && !holdsSvidKey(keys.jwks))
    problems.warning(
      'NoSvidKey',
      'spec.spiffe.bundle.inline',
      'no key has use: jwt-svid and a kid, so that every SVID is invalid',
    );
  for (const rule of policy.rules) lintRule(rule, policy, problems);
}

function lintRule(rule: CompiledRule, { anchors }: CompiledPolicy, problems: Problems): void {
  const at = `spec.trustRules[${rule.index}].match`;
  const { issuer, pathTemplate } = anchors[0]!;
  for (const predicate of rule.predicates) {
    if (predicate.operator !== 'In' || predicate.source.kind !== 'attribute') continue;
    const isId = predicate.source.name === 'id';
    for (const pattern of patternsOf(predicate))
      if (isId ? !isWithin(pattern, issuer) : pattern.includes('/') || pattern.includes(':'))
        problems.warning(
          'NeverMatches',
          at,
          isId
            ? `${predicate.label}: the IDs of this trust domain begin with ${issuer}/`
            : `${predicate.label}: a field is one segment of the path, without / and :`,
        );
    if (isId && rule.issue && !pathTemplate && holdsWildcard(predicate))
      problems.warning(
        'NoPathTemplate',
        at,
        'without spec.spiffe.pathTemplate the parts of the ID can be neither matched nor used in templates',
      );
  }
}

const holdsWildcard = (predicate: Predicate) => patternsOf(predicate).some(hasWildcard);

/** Whether some ID of the trust domain may match. */
function isWithin(pattern: string, issuer: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === issuer || pattern.startsWith(`${issuer}/`);
  const literal = pattern.slice(0, star);
  return `${issuer}/`.startsWith(literal) || literal.startsWith(`${issuer}/`);
}

/** Of a set that compiled: its members are objects. */
function holdsSvidKey(jwks: string): boolean {
  const { keys } = JSON.parse(jwks) as { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  return keys.length === 0 || keys.some(({ use, kid }) => use === 'jwt-svid' && typeof kid === 'string' && kid !== '');
}
