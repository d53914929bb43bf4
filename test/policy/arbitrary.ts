/** Random policies and proofs, of few words, so that they often meet. */
import fc from 'fast-check';
import type { ClusterTrustPolicy, Match, TrustPolicy, TrustRule } from '../../src/api/v1alpha1/index.ts';
import type { Claims } from '../../src/identity.ts';
import type { CompileOptions, DecisionRequest, PolicyObjects } from '../../src/policy/types.ts';
import { CLUSTER, ctpol, DOMAIN, GITHUB, IDP, inCluster, pres, standalone, tpol } from './support.ts';

const NAMESPACES = ['ns-a', 'ns-b'];
const WORDS = ['a', 'b', 'ab', 'a/b', 'b:a'];
const PATTERNS = [...WORDS, 'a*', '*', '**', '*b', 'a**'];

const pattern = fc.constantFrom(...PATTERNS);
const claimName = fc.constantFrom('team', 'groups', 'run', '/deep/team', '__proto__', 'constructor');

const expression = (keys: string[]) =>
  fc.oneof(
    fc.record({
      key: fc.constantFrom(...keys),
      operator: fc.constantFrom('In' as const, 'NotIn' as const),
      values: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      key: fc.constantFrom(...keys),
      operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const, 'IsTrue' as const, 'IsFalse' as const),
    }),
  );

/** Own members of any name, as JSON.parse makes them. */
const record = <V>(name: fc.Arbitrary<string>, value: fc.Arbitrary<V>, max: number) =>
  fc.array(fc.tuple(name, value), { maxLength: max }).map((entries): Record<string, V> => Object.fromEntries(entries));

function matchOf(fields: Record<string, fc.Arbitrary<string>>, more: string[] = []): fc.Arbitrary<Match> {
  const keys = [...Object.keys(fields), ...more, 'team', 'groups', 'run', '/deep/team'];
  return fc
    .record({
      fields: fc.record(fields, { requiredKeys: [] }),
      claims: record(claimName, pattern, 2),
      expressions: fc.array(expression(keys), { maxLength: 2 }),
    })
    .map((one) => ({ ...one.fields, claims: one.claims, expressions: one.expressions }));
}

const MATCHES = {
  oidc: matchOf({}),
  kubernetes: matchOf({
    namespace: fc.constantFrom(...NAMESPACES, 'ns-*'),
    serviceAccount: fc.constantFrom('default', 'agent', 'agent-2', 'agent*', '*'),
  }),
  github: matchOf({
    owner: fc.constantFrom('acme', 'evil'),
    repository: fc.constantFrom('acme/app', 'acme/*', 'evil/app'),
    ref: fc.constantFrom('refs/heads/main', 'refs/heads/*'),
    eventName: fc.constantFrom('push', 'pull_request'),
  }),
  spiffe: fc
    .tuple(
      matchOf({ id: fc.constantFrom(`${DOMAIN}/agent/ns-a/agent`, `${DOMAIN}/agent/**`, '**') }, ['ns', 'account']),
      fc.record(
        { ns: fc.constantFrom(...NAMESPACES, 'ns-*'), account: fc.constantFrom('default', 'agent', '*') },
        { requiredKeys: [] },
      ),
    )
    .map(([match, path]): Match => ({ ...match, path })),
};

/** Two ways to read the same paths: two anchors of one trust domain. */
const TEMPLATES = ['/agent/{ns}/{account}', '/{kind}/{ns}/{account}', '/{kind}/{account}/{ns}'];

const issue = fc.record(
  {
    resources: fc.uniqueArray(fc.constantFrom('default', 'api', 'ghost'), { minLength: 1, maxLength: 3 }),
    scopes: fc.uniqueArray(fc.constantFrom('api:read', 'api:write', 'api:none'), { maxLength: 2 }),
    labelTemplate: fc.constant('run-{{ .Claims.run }}'),
  },
  { requiredKeys: [] },
);

function rulesOf(match: fc.Arbitrary<Match>, narrow: Match): fc.Arbitrary<TrustRule[]> {
  const one = fc.oneof(
    { weight: 3, arbitrary: fc.record({ match, issue, isNarrow: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ match, deny: fc.constant(true as const), isNarrow: fc.constant(false) }) },
  );
  return fc.array(one, { minLength: 1, maxLength: 4 }).map((rules) =>
    rules.map(({ isNarrow, ...rule }, i) => ({
      ...rule,
      name: `r${i}`,
      match: isNarrow ? { ...narrow, ...rule.match } : rule.match,
    })),
  );
}

const shared = {
  audience: fc.constantFrom('satgate', 'satgate', 'other'),
  state: fc.constantFrom(
    'Active' as const,
    'Active' as const,
    'Active' as const,
    'Suspended' as const,
    'Revoked' as const,
  ),
};
const tenant = fc.constantFrom('acme', 'globex', '{{ .Claims.team }}');
const priority = fc.constantFrom(-5, -1, 0, 0, 3);
const uid = fc.integer({ min: 0, max: 999 });

function clusterPolicies(isStandalone: boolean): fc.Arbitrary<ClusterTrustPolicy[]> {
  const of = (
    provider: keyof typeof MATCHES,
    narrow: Match,
    issuer: fc.Arbitrary<string | undefined>,
  ): fc.Arbitrary<ClusterTrustPolicy> =>
    fc
      .record({
        ...shared,
        tenant,
        priority,
        uid,
        issuer,
        hasKeys: fc.boolean(),
        rules: rulesOf(MATCHES[provider], narrow),
      })
      .map(({ rules, uid: n, hasKeys, issuer: iss, ...spec }) =>
        ctpol(`c${n}`, rules, {
          ...spec,
          provider,
          ...(provider === 'spiffe' && {
            spiffe: {
              trustDomain: 'cluster.local',
              pathTemplate: TEMPLATES[n % TEMPLATES.length]!,
              bundle: { endpoint: { url: 'https://spire.example' } },
            },
          }),
          ...(iss && { issuer: iss }),
          ...(hasKeys && iss && { keys: { jwksUrl: 'https://keys.example/jwks' } }),
        }),
      );
  const everything = fc.oneof(
    of('oidc', { claims: { team: 'a' } }, fc.constant(IDP)),
    of('github', { owner: 'acme' }, fc.constant(undefined)),
    of('spiffe', { path: { account: 'agent' } }, fc.constant(undefined)),
    of('kubernetes', { namespace: 'ns-a' }, isStandalone ? fc.constant(CLUSTER) : fc.constant(undefined)),
  );
  return fc.uniqueArray(everything, { maxLength: 4, selector: ({ metadata }) => metadata.name });
}

function trustPolicies(isStandalone: boolean): fc.Arbitrary<TrustPolicy[]> {
  const one = fc
    .record({ ...shared, uid, namespace: fc.constantFrom(...NAMESPACES), rules: rulesOf(MATCHES.kubernetes, {}) })
    .map(({ rules, uid: n, namespace, ...spec }) => {
      const own = isStandalone ? rules : rules.map((r) => ({ ...r, match: { ...r.match, namespace } }));
      return tpol(`t${n}`, own, { ...spec, ...(isStandalone && { issuer: CLUSTER }) }, namespace);
    });
  return fc.uniqueArray(one, { maxLength: 3, selector: ({ metadata }) => metadata.name });
}

const resource = fc.constantFrom(
  [],
  [pres('api', { scopes: ['api:read', 'api:write'], grantableFrom: { namespaces: ['ns-*'] } })],
  [pres('api', { resourceUris: ['https://api.example/'], grantableFrom: { namespaces: ['**'] } })],
);

export interface Setting {
  readonly objects: PolicyObjects;
  readonly options: CompileOptions;
}

export const setting: fc.Arbitrary<Setting> = fc.boolean().chain((isStandalone) =>
  fc.record({
    objects: fc.record({
      trustPolicies: trustPolicies(isStandalone),
      clusterTrustPolicies: clusterPolicies(isStandalone),
      protectedResources: resource,
    }),
    options: fc.constant(isStandalone ? standalone : inCluster),
  }),
);

const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...WORDS) },
  fc.constantFrom<unknown>('', null, true, false, 7, 'a b', [], ['a', 'b'], ['x', 3], [3], [''], { a: 1 }),
);

const proof = fc
  .record({
    issuer: fc.constantFrom(CLUSTER, GITHUB, IDP, DOMAIN),
    audiences: fc.constantFrom(['satgate'], ['satgate'], ['other'], ['satgate', 'other'], ['nobody']),
    claims: fc
      .tuple(
        record(fc.constantFrom('team', 'groups', 'run', '__proto__'), value, 4),
        fc.option(value, { nil: undefined }),
        fc.constantFrom(...NAMESPACES),
        fc.constantFrom('default', 'agent', 'agent-2', 'other'),
        fc.constantFrom('acme', 'evil'),
        fc.constantFrom('refs/heads/main', 'refs/heads/x/y'),
      )
      .map(
        ([claims, deep, namespace, account, owner, ref]): Claims => ({
          ...claims,
          ...(Object.hasOwn(claims, '__proto__') && JSON.parse('{"__proto__": "a"}')),
          ...(deep !== undefined && { deep: { team: deep } }),
          sub: `system:serviceaccount:${namespace}:${account}`,
          repository_owner: owner,
          repository: `${owner}/app`,
          ref,
          event_name: 'push',
        }),
      ),
  })
  .map(({ issuer, claims, ...rest }) => {
    const [, , namespace, account] = String(claims.sub).split(':');
    const sub = issuer === DOMAIN ? `${DOMAIN}/agent/${namespace}/${account}` : claims.sub;
    return { ...rest, issuer, claims: { ...claims, sub } };
  });

const request: fc.Arbitrary<DecisionRequest> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.constantFrom<DecisionRequest>(
    { resource: 'api' },
    { resource: 'ghost' },
    { audience: 'api' },
    { resource: 'https://api.example/' },
    { tenant: 'acme' },
    { tenant: 'a' },
    { tenant: 'ns-a', resource: 'api' },
  ),
);

export const question = fc.record({ proof, request });
