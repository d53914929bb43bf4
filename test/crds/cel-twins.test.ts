import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import { type CrdSchema, schemasOf } from '../../hack/crd/index.ts';
import { API_VERSION, KINDS } from '../../src/api/v1alpha1/index.ts';
import { compile, type PolicyObjects } from '../../src/policy/index.ts';
import { readText } from '../../src/standalone/index.ts';

/**
 * Every CEL rule of the CRDs has a twin where there is no API server: an object that breaks it is refused by the
 * manifest reader or is not served by the compiler. One row for each rule, by its message.
 */
type Spec = Record<string, unknown>;

const rule = (more: object = {}) => ({ name: 'r', match: { namespace: 'n' }, issue: { ttl: '1h' }, ...more });
const k8s = (more: object = {}): Spec => ({
  provider: 'kubernetes',
  issuer: 'https://k8s.example',
  audience: 'mint',
  trustRules: [rule()],
  ...more,
});
const oidc = (more: object = {}): Spec => ({
  ...k8s({ provider: 'oidc', issuer: 'https://idp.example', trustRules: [rule({ match: { claims: { sub: 's' } } })] }),
  ...more,
});
const github = (match: object): Spec => ({ provider: 'github', audience: 'mint', trustRules: [rule({ match })] });
const issue = (more: object): Spec => k8s({ trustRules: [rule({ issue: more })] });

/** Of a rule: its message, an object that breaks it, and what is said of that without an API server. */
type Row = readonly [about: RegExp, broken: Spec, twin: RegExp];

const BOTH: readonly Row[] = [
  [/provider oidc needs an issuer/, (({ issuer: _, ...spec }) => spec)(oidc()), /needs an issuer/],
  [/an issuer is https/, oidc({ issuer: 'http://idp.example' }), /https/],
  [/an audience is exact/, k8s({ audience: 'mint*' }), /no wildcards/],
  [/proofs for AWS/, k8s({ audience: 'sts.amazonaws.com' }), /credentials elsewhere/],
  [/GitHub signs for anybody/, github({ repository: '*/x', ref: 'refs/heads/main' }), /GitHub signs for anybody/],
  [/rule names must be unique/, k8s({ trustRules: [rule(), rule()] }), /two rules/],
  [/issuerTenants needs/, oidc({ issuerTenants: ['t'] }), /tenantid/],
  [
    /TokenReview is about this cluster/,
    k8s({ proofCheck: 'TokenReview', keys: { jwksUrl: 'https://k8s.example/keys' } }),
    /TokenReview asks this cluster/,
  ],
  [
    /keys of another cluster/,
    (({ issuer: _, ...spec }) => spec)(k8s({ keys: { jwksUrl: 'https://k8s.example/keys' } })),
    /keys need the issuer/,
  ],
  [/proofCheck TokenReview/, oidc({ proofCheck: 'TokenReview' }), /TokenReview/],
  [/maxProofAge is/, k8s({ maxProofAge: '25h' }), /1s to 24h/],
  [
    /match fields namespace/,
    oidc({ trustRules: [rule({ match: { claims: { sub: 's' }, serviceAccount: 's' } })] }),
    /no field serviceAccount/,
  ],
  [/match fields owner/, k8s({ trustRules: [rule({ match: { namespace: 'n', ref: 'r' } })] }), /no field ref/],
  [/either issue or deny/, k8s({ trustRules: [rule({ deny: true })] }), /either issue or deny/],
  [/ttl is 1m to 24h/, issue({ ttl: '59s' }), /1m to 24h/],
  [/budgetWindow is at least/, issue({ budgetWindow: '59s' }), /at least 1m/],
  [/places these caveats itself/, issue({ caveats: ['tenant = t'] }), /places tenant caveats itself/],
  [/stated once/, issue({ caveats: ['a = 1', 'a = 2'] }), /stated twice/],
  [
    /at most one of jwksUrl/,
    oidc({ keys: { jwksUrl: 'https://a.example', inline: '{"keys":[]}' } }),
    /at most one of jwksUrl/,
  ],
  [/a key URL is https/, oidc({ keys: { jwksUrl: 'http://idp.example/keys' } }), /https/],
  [
    /values goes with/,
    k8s({ trustRules: [rule({ match: { namespace: 'n', expressions: [{ key: 'k', operator: 'In' }] } })] }),
    /values goes with/,
  ],
  [/name of a claim/, k8s({ trustRules: [rule({ match: { namespace: 'n', claims: { '': 'x' } } })] }), /Invalid key/],
];

const CASES: Readonly<Record<string, readonly Row[]>> = {
  TrustPolicy: BOTH,
  ClusterTrustPolicy: [
    ...BOTH,
    [/names a namespace or a service account/, k8s({ trustRules: [rule({ match: { namespace: '**' } })] }), /\* alone/],
  ],
  ProtectedResource: [
    [
      /cannot limit budgets/,
      { audience: 'a', tokenType: 'JWT', limits: { maxBudgetCredits: 1 } },
      /cannot limit budgets/,
    ],
    [/maxTtl is/, { audience: 'a', limits: { maxTtl: '25h' } }, /1m to 24h/],
  ],
  TokenRevocation: [[/exactly one of/, { token: 'a', grant: 'b' }, /exactly one of/]],
};

/** Rules about a change, which one object cannot break. */
const TRANSITIONS = [/Revoked is terminal/, /cannot be changed/];

function* messages(schema: CrdSchema): Generator<string> {
  for (const { message = '' } of schema['x-kubernetes-validations'] ?? []) yield message;
  for (const member of Object.values(schema.properties ?? {})) yield* messages(member);
  if (schema.items) yield* messages(schema.items);
}

/** Why an object is not served, or undefined if it is. */
function refusal(kind: string, spec: Spec): string | undefined {
  const text = stringify({ apiVersion: API_VERSION, kind, metadata: { name: 'x' }, spec });
  const { objects, problems } = readText(text, 'f.yaml', 'f');
  if (problems.length > 0) return problems.map(({ message }) => message).join();
  const { resource } = objects[0]!;
  if (resource.kind === 'TokenRevocation') return undefined;
  const all: PolicyObjects = {
    trustPolicies: resource.kind === 'TrustPolicy' ? [resource] : [],
    clusterTrustPolicies: resource.kind === 'ClusterTrustPolicy' ? [resource] : [],
    protectedResources: resource.kind === 'ProtectedResource' ? [resource] : [],
  };
  const snapshot = compile(all, {
    tenancy: { mode: 'Single', tenant: 't' },
    defaultAudience: 'default',
    maxTtl: 86_400,
    ownIssuer: 'https://mint.example',
    allowLoopbackHttp: false,
  });
  const errors = snapshot.reports[0]!.problems.filter(({ severity }) => severity === 'error');
  return errors.length === 0 ? undefined : errors.map(({ message }) => message).join();
}

describe('CEL rules and their twins', () => {
  for (const [name, kind] of KINDS) {
    const { spec } = schemasOf(kind);
    for (const message of messages(spec)) {
      if (TRANSITIONS.some((about) => about.test(message))) continue;
      it(`${name}: what breaks “${message}” is refused without an API server too`, () => {
        const row = CASES[name]!.find(([about]) => about.test(message));
        assert.ok(row, 'this rule has no row: add one, and its twin');
        assert.match(refusal(name, row[1]) ?? 'it is served', row[2]);
      });
    }

    it(`${name}: no row is about a rule that is no more`, () => {
      for (const [about] of CASES[name]!)
        assert.ok(
          [...messages(spec)].some((m) => about.test(m)),
          `${about}`,
        );
    });
  }

  it('the objects that the rows break are themselves served', () => {
    for (const kind of ['TrustPolicy', 'ClusterTrustPolicy']) {
      for (const spec of [k8s(), oidc(), github({ repository: 'o/x' }), issue({ caveats: ['a = 1'] })])
        assert.equal(refusal(kind, spec), undefined);
    }
    assert.equal(
      refusal('ProtectedResource', { audience: 'a', limits: { maxBudgetCredits: 1, maxTtl: '24h' } }),
      undefined,
    );
    assert.equal(refusal('TokenRevocation', { token: 'a' }), undefined);
  });
});
