/** The engine as `serve` wires it, over real policies, keys, proofs, macaroons and audit; only time, disk and HTTP are not real. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { agentRegistration, clusterTrustPolicy, protectedResource, trustPolicy } from '../../src/api/v1alpha1/index.ts';
import { createAudit } from '../../src/audit/index.ts';
import {
  createEngine,
  type Engine,
  type EngineSettings,
  type ExchangeOutcome,
  type ExchangeRequest,
  type Grant,
  type KindAge,
  type VerifyRequest,
} from '../../src/exchange/index.ts';
import type { ProviderName } from '../../src/identity.ts';
import { type KeyRing, openKeyRing } from '../../src/keyring/index.ts';
import {
  type Agent,
  AgentIndex,
  agentOf,
  compile,
  type PolicyObjects,
  type Snapshot,
  TraitsPool,
} from '../../src/policy/index.ts';
import { createIssuerKeys, createProofVerifier } from '../../src/proof/index.ts';
import { type RevocationEntry, RevocationIndex } from '../../src/revocation/index.ts';
import { FakeSink } from '../audit/support.ts';
import { keySource, MemoryStore } from '../keyring/support.ts';
import { claimsOf, ISSUERS, Signer } from '../proof/support.ts';
import { FakeClock } from '../support/fake-clock.ts';

export const PEER = '192.0.2.1';
const API = 'trustmint.dev/v1alpha1';

/** One key for all issuers: nobody else signs. */
export const signer = new Signer('k1');
const JWKS = JSON.stringify({ keys: [signer.jwk] });

/** A rule, as a manifest holds it. */
export type Rule = Record<string, unknown> & { readonly name?: string };

function specOf(provider: ProviderName, rules: readonly Rule[], spec: object) {
  return {
    provider,
    issuer: ISSUERS[provider],
    audience: 'satgate',
    keys: { inline: JWKS },
    algorithms: ['ES256'],
    trustRules: rules.map((rule, i) => ({ name: `rule-${i + 1}`, ...rule })),
    ...spec,
  };
}

/** A TrustPolicy of namespace ai-agents. */
export function agents(rules: readonly Rule[], spec: object = {}, name = 'research') {
  const metadata = { name, namespace: 'ai-agents', uid: `uid-${name}` };
  return trustPolicy.parse({ apiVersion: API, kind: 'TrustPolicy', metadata, spec: specOf('kubernetes', rules, spec) });
}

/** A ClusterTrustPolicy. */
export function cluster(provider: ProviderName, rules: readonly Rule[], spec: object = {}, name = 'ci') {
  const metadata = { name, uid: `uid-${name}` };
  const body = { apiVersion: API, kind: 'ClusterTrustPolicy', metadata, spec: specOf(provider, rules, spec) };
  return clusterTrustPolicy.parse(body);
}

export function resource(name: string, spec: object) {
  return protectedResource.parse({ apiVersion: API, kind: 'ProtectedResource', metadata: { name }, spec });
}

/** The research agent's rule. */
export const RESEARCH: Rule = {
  name: 'research',
  match: { serviceAccount: 'research-agent' },
  issue: { budgetCredits: 1000, ttl: '8h', caveats: ['department = research', 'cost_center = eng-ai'] },
};

/** A registered agent of the namespace agents. */
export function registered(name: string, spec: object, uid = `uid-${name}`): Agent {
  const metadata = { name, namespace: 'agents', uid };
  const object = agentRegistration.parse({ apiVersion: API, kind: 'AgentRegistration', metadata, spec });
  return agentOf(object as Parameters<typeof agentOf>[0], new TraitsPool());
}

type AnyObject = ReturnType<typeof agents> | ReturnType<typeof cluster> | ReturnType<typeof resource>;

function compiled(objects: readonly AnyObject[], tenant: string): Snapshot {
  const all: PolicyObjects = {
    trustPolicies: objects.filter((o) => o.kind === 'TrustPolicy') as PolicyObjects['trustPolicies'],
    clusterTrustPolicies: objects.filter(
      (o) => o.kind === 'ClusterTrustPolicy',
    ) as PolicyObjects['clusterTrustPolicies'],
    protectedResources: objects.filter((o) => o.kind === 'ProtectedResource') as PolicyObjects['protectedResources'],
  };
  const snapshot = compile(all, {
    tenancy: { mode: 'Single', tenant },
    defaultAudience: 'default',
    maxTtl: 86_400,
    ownIssuer: 'https://mint.example',
    allowLoopbackHttp: false,
  });
  for (const report of snapshot.reports) {
    const errors = report.problems.filter(({ severity }) => severity === 'error');
    assert.deepEqual(errors, [], 'a test compiles what it writes');
  }
  return snapshot;
}

export interface World {
  readonly engine: Engine;
  readonly clock: FakeClock;
  readonly sink: FakeSink;
  readonly keyring: KeyRing;
  /** What the view says; a test changes it. */
  readonly view: { stale: number; kinds?: KindAge[]; errors: { source: string; code: string; message: string }[] };
  serve(...objects: AnyObject[]): void;
  unserve(): void;
  /** These agents are registered, and no others. */
  register(...agents: Agent[]): void;
  revoke(...entries: (Pick<RevocationEntry, 'by' | 'value'> & Partial<RevocationEntry>)[]): void;
  proof(provider?: ProviderName, changes?: Record<string, unknown>): Promise<string>;
  exchange(proof: string, request?: Partial<ExchangeRequest>): Promise<ExchangeOutcome>;
  /** Exchanges a fresh proof and expects a token. */
  granted(
    request?: Partial<ExchangeRequest>,
    provider?: ProviderName,
    changes?: Record<string, unknown>,
  ): Promise<Grant>;
  verify(token: string, request?: Partial<VerifyRequest>): ReturnType<Engine['verify']>;
  /** The last audit record. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  record(): any;
}

/** @param over of the engine's settings */
export async function world(objects: readonly AnyObject[], over: Partial<EngineSettings> = {}): Promise<World> {
  const clock = new FakeClock();
  const sink = new FakeSink();
  const keys = createIssuerKeys({ clock, allowLoopbackHttp: false });
  const keyring = await openKeyRing({ store: new MemoryStore(), clock, ...keySource(), maxTtl: 86_400 });
  let snapshot: Snapshot | undefined = compiled(objects, 'acme');
  let revocations = RevocationIndex.from([]);
  let agents = new AgentIndex();
  const view: World['view'] = { stale: 0, errors: [] };
  const engine = createEngine({
    view: {
      snapshot: () => snapshot,
      revocations: () => revocations,
      agents: () => agents,
      staleSeconds: () => view.stale,
      kinds: () => view.kinds ?? [{ kind: 'TrustPolicy', staleSeconds: view.stale }],
      readErrors: () => view.errors,
    },
    proofs: createProofVerifier({ keys, clock }),
    keyring,
    audit: createAudit({ sinks: [sink], clock }),
    clock,
    random: (n) => randomBytes(n),
    issuer: 'https://mint.example',
    maxStaleness: 600,
    maxVerifyStaleness: 1800,
    rateLimit: { perSecond: 20, burst: 100 },
    failureLimit: { perSecond: 20, burst: 200 },
    issuers: () => keys.status(),
    ...over,
  });
  let requests = 0;
  const made: World = {
    engine,
    clock,
    sink,
    keyring,
    view,
    serve(...next) {
      snapshot = compiled(next, 'acme');
    },
    unserve() {
      snapshot = undefined;
    },
    register(...all) {
      agents = new AgentIndex();
      for (const one of all) agents.add(one);
    },
    revoke(...entries) {
      const whole = { tenant: null, issuedBefore: null, expiresAt: null, source: 'TokenRevocation/default/test' };
      revocations = RevocationIndex.from(entries.map((entry) => ({ ...whole, ...entry })));
    },
    proof(provider = 'kubernetes', changes = {}) {
      const now = Math.floor(clock.now() / 1000);
      return signer.token(claimsOf(provider, { iat: now - 60, exp: now + 540, ...changes }));
    },
    exchange(proof, request = {}) {
      const correlationId = `id-${++requests}`;
      return engine.exchange({ door: 'native', correlationId, peer: PEER, proof, ...request });
    },
    async granted(request, provider, changes) {
      const outcome = await made.exchange(await made.proof(provider, changes), request);
      if (!outcome.granted) assert.fail(`refused: ${JSON.stringify(outcome)} ${JSON.stringify(made.record())}`);
      return outcome;
    },
    verify: (token, request = {}) => engine.verify({ token, resource: 'default', call: {}, ...request }),
    record: () => sink.records.at(-1),
  };
  return made;
}

/** What the caller and the operator are told of a refusal. */
export async function refusal(w: World, proof: string, request?: Partial<ExchangeRequest>) {
  const outcome = await w.exchange(proof, request);
  if (outcome.granted) assert.fail('it was granted');
  const { refused } = w.record();
  assert.equal(refused.code, outcome.code, 'the record says what the caller was told');
  return { code: outcome.code, message: outcome.message, stage: refused.stage, reason: refused.reason };
}
