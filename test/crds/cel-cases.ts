/** What breaks each CEL rule of the CRDs, found by its message: for the twins without an API server, and for a real one. */
import { type CrdSchema, schemasOf } from '../../hack/crd/index.ts';
import { KINDS } from '../../src/api/v1alpha1/index.ts';

export type Spec = Record<string, unknown>;

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
const BUNDLE = { endpoint: { url: 'https://spire.example:8443' } };
/** @param changes of spec.spiffe */
const spiffe = (changes: object = {}, match: object = { path: { type: 'worker' } }, more: object = {}): Spec => ({
  provider: 'spiffe',
  audience: 'mint',
  spiffe: { trustDomain: 'example.org', pathTemplate: '/agent/{type}', bundle: BUNDLE, ...changes },
  trustRules: [rule({ match })],
  ...more,
});
/** Acting for users, by a path template. */
const acting = (pathTemplate: string): Spec =>
  spiffe({ pathTemplate }, undefined, {
    trustRules: [rule({ match: { id: 'spiffe://example.org/**' }, issue: { actsFor: 'RegisteredUser' } })],
  });
const issue = (more: object): Spec => k8s({ trustRules: [rule({ issue: more })] });

const agent = (more: object = {}): Spec => ({
  agentType: 'worker',
  userId: 'alice',
  identity: { spiffe: { trustDomain: 'example.org', tenantId: 't' } },
  ...more,
});
const ACCOUNT = { serviceAccount: { namespace: 'n', name: 'sa' } };

/** Of a CEL rule: its message, an object that breaks it, and what is said of that without an API server. */
export type Row = readonly [about: RegExp, broken: Spec, twin: RegExp];

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
  [
    /match fields id, path/,
    k8s({ trustRules: [rule({ match: { namespace: 'n', id: 'spiffe://example.org/x' } })] }),
    /no field id/,
  ],
  [/provider spiffe needs spec.spiffe/, (({ spiffe: _, ...spec }) => spec)(spiffe()), /needs spec.spiffe/],
  [
    /issuer and keys are for others/,
    spiffe({}, undefined, { issuer: 'https://spire.example' }),
    /issuer and keys are for others/,
  ],
  [/never signed with EdDSA/, spiffe({}, undefined, { algorithms: ['ES256', 'EdDSA'] }), /never signed with EdDSA/],
  [/match.path names fields/, spiffe({}, { path: { type: 'worker', kind: 'x' } }), /has no field kind/],
  [/the name of a field/, spiffe({}, { path: { 'type}/{type': 'worker' } }), /has no field/],
  [/exactly one of endpoint/, spiffe({ bundle: { ...BUNDLE, inline: '{"keys":[]}' } }), /exactly one of endpoint/],
  [/URL of a bundle is https/, spiffe({ bundle: { endpoint: { url: 'http://spire.example' } } }), /https/],
  [/no dot segments/, spiffe({ pathTemplate: '/agent/../{type}' }), /no dot segments/],
  [/each field once/, spiffe({ pathTemplate: '/agent/{type}/{type}' }), /each field once/],
  [/name the field otherwise/, spiffe({ pathTemplate: '/agent/{type}/{id}' }), /name the field otherwise/],
  [
    /actsFor goes with/,
    oidc({ trustRules: [rule({ match: { claims: { sub: 's' } }, issue: { actsFor: 'RegisteredUser' } })] }),
    /agents are registered by SPIFFE ID or Kubernetes/,
  ],
  [/actsFor needs a path template/, acting('/agent/{agentType}/{agentId}/{region}'), /no field region/],
  [/either issue or deny/, k8s({ trustRules: [rule({ deny: true })] }), /either issue or deny/],
  [/ttl is 1m to 24h/, issue({ ttl: '59s' }), /1m to 24h/],
  [/budgetWindow is at least/, issue({ budgetWindow: '59s' }), /at least 1m/],
  [/places these caveats itself/, issue({ caveats: ['tenant = t'] }), /places tenant caveats itself/],
  [/does not begin as subjects/, issue({ clientId: 'user:alice' }), /does not begin with user:/],
  [
    /what is delegated is a JWT/,
    issue({ delegation: { maxDepth: 1 }, caveats: ['a = 1'] }),
    /would ignore budgetCredits and caveats/,
  ],
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

export const CASES: Readonly<Record<string, readonly Row[]>> = {
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
  AgentRegistration: [
    [
      /exactly one of spiffe/,
      agent({ identity: { spiffe: { trustDomain: 'example.org' }, ...ACCOUNT } }),
      /exactly one of spiffe/,
    ],
  ],
  TokenRevocation: [[/exactly one of/, { token: 'a', grant: 'b' }, /exactly one of/]],
};

const ACTING = acting('/agent/{tenantId}/{userId}/{agentType}/{agentId}');

/** Objects that break nothing; the rows' objects differ from one of these by what they break. */
export const GOOD: Readonly<Record<string, readonly Spec[]>> = {
  TrustPolicy: [k8s(), oidc(), github({ repository: 'o/x' }), issue({ caveats: ['a = 1'] }), spiffe(), ACTING],
  ClusterTrustPolicy: [k8s(), oidc(), github({ repository: 'o/x' }), issue({ caveats: ['a = 1'] }), spiffe(), ACTING],
  ProtectedResource: [{ audience: 'a', limits: { maxBudgetCredits: 1, maxTtl: '24h' } }],
  AgentRegistration: [agent(), agent({ identity: ACCOUNT, scopes: ['a:r'], state: 'Suspended' })],
  TokenRevocation: [{ token: 'a' }],
};

const revoked = [/Revoked is terminal/, k8s({ state: 'Revoked' }), k8s({ state: 'Active' })] as const;

/** Rules about a change, which one object cannot break: the message, an object, and what it must not become. */
export const TRANSITIONS: Readonly<Record<string, readonly (readonly [about: RegExp, from: Spec, to: Spec])[]>> = {
  TrustPolicy: [revoked],
  ClusterTrustPolicy: [revoked],
  ProtectedResource: [],
  AgentRegistration: [
    [/Revoked is terminal/, agent({ state: 'Revoked' }), agent({ state: 'Active' })],
    [/cannot be changed/, agent(), agent({ userId: 'bob' })],
  ],
  TokenRevocation: [[/cannot be changed/, { token: 'a' }, { token: 'b' }]],
};

/** The messages of all CEL rules of a kind's spec. */
export function messagesOf(kind: string): string[] {
  return [...KINDS].flatMap(([name, type]) => (name === kind ? [...messages(schemasOf(type).spec)] : []));
}

function* messages(schema: CrdSchema): Generator<string> {
  for (const { message = '' } of schema['x-kubernetes-validations'] ?? []) yield message;
  for (const member of Object.values(schema.properties ?? {})) yield* messages(member);
  if (schema.items) yield* messages(schema.items);
}
