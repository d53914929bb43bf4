import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ClusterTrustPolicy, Match, TrustPolicy, TrustRule } from '../../src/api/v1alpha1/index.ts';
import type { Claims, VerifiedIdentity } from '../../src/identity.ts';
import { compile } from '../../src/policy/index.ts';
import type { CompileOptions, DecisionRequest, PolicyObjects } from '../../src/policy/types.ts';
import { linear, type Verdict } from './linear.ts';
import { CLUSTER, ctpol, GITHUB, IDP, identityOf, inCluster, objects, pres, standalone, tpol } from './support.ts';

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

function matchOf(fields: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<Match> {
  const keys = [...Object.keys(fields), 'team', 'groups', 'run', '/deep/team'];
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
};

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
          ...(iss && { issuer: iss }),
          ...(hasKeys && iss && { keys: { jwksUrl: 'https://keys.example/jwks' } }),
        }),
      );
  const everything = fc.oneof(
    of('oidc', { claims: { team: 'a' } }, fc.constant(IDP)),
    of('github', { owner: 'acme' }, fc.constant(undefined)),
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

interface Setting {
  readonly objects: PolicyObjects;
  readonly options: CompileOptions;
}

const setting: fc.Arbitrary<Setting> = fc.boolean().chain((isStandalone) =>
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

const proof = fc.record({
  issuer: fc.constantFrom(CLUSTER, GITHUB, IDP),
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

const question = fc.record({ proof, request });

function tenantOf(options: CompileOptions) {
  return (policy: TrustPolicy | ClusterTrustPolicy, identity: VerifiedIdentity): string => {
    if (policy.kind === 'TrustPolicy')
      return options.tenancy.mode === 'Single' ? options.tenancy.tenant : policy.metadata.namespace!;
    if (!policy.spec.tenant?.includes('{{')) return policy.spec.tenant!;
    const team = Object.hasOwn(identity.claims, 'team') ? identity.claims.team : undefined;
    if (Number.isSafeInteger(team)) return String(team);
    return typeof team === 'string' && /^[a-z/:]+$/.test(team) ? team : '';
  };
}

function verdictOf(decision: ReturnType<ReturnType<typeof compile>['decide']>): Verdict {
  if (decision.allowed) return { outcome: 'granted', policy: decision.terms.policy.uid, rule: decision.terms.rule };
  const { reason, policy, rule } = decision;
  return { outcome: reason, ...(policy && { policy: policy.uid }), ...(rule && { rule }) };
}

describe('a snapshot, whatever the policies and the proof', () => {
  it('P25: decides as trying every rule in the one order would, down to the reason of a refusal', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        setting,
        fc.array(question, { minLength: 4, maxLength: 12 }),
        ({ objects: all, options }, questions) => {
          const snapshot = compile(all, options);
          for (const {
            proof: { issuer, claims, audiences },
            request: asked,
          } of questions) {
            const identities = snapshot.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
            if (identities.length === 0) continue;
            const expected = linear(all, snapshot, identities, asked, tenantOf(options));
            seen.add(expected.outcome);
            assert.deepEqual(verdictOf(snapshot.decide(identities, asked)), expected);
          }
        },
      ),
      { numRuns: 1500 },
    );
    // The property is worth something only if the random cases reach every kind of answer.
    const all = ['granted', 'denied_by_rule', 'no_rule', 'wrong_audience', 'policy_suspended', 'policy_revoked'];
    for (const outcome of [...all, 'nothing_left', 'template_failed', 'unknown_resource'])
      assert.ok(seen.has(outcome), outcome);
  });

  it('explains every decision as it decides, and names the predicate that fails', () => {
    fc.assert(
      fc.property(
        setting,
        fc.array(question, { minLength: 2, maxLength: 4 }),
        ({ objects: all, options }, questions) => {
          const snapshot = compile(all, options);
          for (const {
            proof: { issuer, claims, audiences },
            request: asked,
          } of questions) {
            const identities = snapshot.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
            const decision = snapshot.decide(identities, asked);
            const explanation = snapshot.explain(identities, asked);
            assert.deepEqual(explanation.decision, decision);
            const reached = explanation.rules.filter(({ verdict }) => verdict !== 'not_reached');
            for (const { verdict, predicates } of reached)
              assert.equal(
                predicates.every(({ holds }) => holds),
                verdict !== 'no_match',
              );
            const last = reached.at(-1);
            if (decision.allowed) assert.equal(last?.verdict, 'granted');
            else assert.equal(last?.verdict === 'denied', decision.rule !== undefined);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order in which the objects come', () => {
    fc.assert(
      fc.property(
        setting,
        fc.array(question, { maxLength: 4 }),
        fc.nat(),
        ({ objects: all, options }, questions, seed) => {
          const turn = <T>(list: readonly T[]) => list.map((_, i) => list[(i + seed) % list.length]!).reverse();
          const other: PolicyObjects = {
            trustPolicies: turn(all.trustPolicies),
            clusterTrustPolicies: turn(all.clusterTrustPolicies),
            protectedResources: turn(all.protectedResources),
          };
          const [one, two] = [compile(all, options), compile(other, options)];
          assert.equal(one.generation, two.generation);
          assert.deepEqual(one.reports, two.reports);
          for (const {
            proof: { issuer, claims, audiences },
            request: asked,
          } of questions) {
            assert.deepEqual(
              one
                .anchorsOf(issuer)
                .map(({ id }) => id)
                .sort(),
              two
                .anchorsOf(issuer)
                .map(({ id }) => id)
                .sort(),
            );
            const identities = one.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
            assert.deepEqual(one.decide(identities, asked), two.decide(identities, asked));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('P48: is changed by no policy that is not accepted', () => {
    const bad = fc.constantFrom<ClusterTrustPolicy | TrustPolicy>(
      ctpol('bad', [{ name: 'r', match: { ref: 'refs/heads/main' }, issue: {} }], { priority: 9 }),
      ctpol('bad', [{ name: 'r', match: { owner: 'acme' }, deny: true, issue: {} }], { priority: 9 }),
      ctpol('bad', [{ name: 'r', match: { owner: 'acme' }, issue: { labelTemplate: '{{' } }], { priority: 9 }),
      ctpol('bad', [{ name: 'r', match: {}, deny: true }], { provider: 'oidc', issuer: 'http://idp.example' }),
      tpol('bad', [{ name: 'r', match: {}, issue: { ttl: '1s' } }], { issuer: CLUSTER }),
      { ...tpol('bad', []), spec: JSON.parse('{"provider": "kubernetes"}') },
    );
    fc.assert(
      fc.property(
        setting,
        bad,
        fc.array(question, { minLength: 1, maxLength: 4 }),
        ({ objects: all, options }, one, questions) => {
          const before = compile(all, options);
          const after = compile(
            one.kind === 'TrustPolicy'
              ? { ...all, trustPolicies: [one, ...all.trustPolicies] }
              : { ...all, clusterTrustPolicies: [one, ...all.clusterTrustPolicies] },
            options,
          );
          assert.equal(after.reports.find(({ name }) => name === 'bad')?.served, false);
          assert.equal(after.ruleCount, before.ruleCount);
          for (const {
            proof: { issuer, claims, audiences },
            request: asked,
          } of questions) {
            const identities = before.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
            assert.deepEqual(after.decide(identities, asked), before.decide(identities, asked));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('compiles nothing at all to a snapshot that refuses', () => {
    const snapshot = compile(objects({}), standalone);
    assert.equal(snapshot.anchorsOf(IDP).length, 0);
    assert.equal(snapshot.ruleCount, 0);
    assert.equal(snapshot.decide([], {}).allowed, false);
  });
});
