/** A cluster to which bad things happen, and what must hold in it whatever happens. */
import assert from 'node:assert/strict';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { KubeClient, ResourceType } from '../../../src/kube/types.ts';
import {
  type Cluster,
  install,
  OPERATOR,
  type Operator,
  startCluster,
  startOperator,
  until,
} from '../cluster/index.ts';
import {
  type Answer,
  AUDIENCE,
  account,
  administrator,
  get,
  namespaceNamed,
  policy,
  proofOf,
  TRUST_POLICIES,
} from '../serve-support.ts';
import { beat } from './pulse.ts';
import { dismissAll } from './watchman.ts';

const API_VERSION = 'trustmint.dev/v1alpha1';
/** Milliseconds in which a change is seen, on a machine that does much else. */
export const SOON = 15_000;
/** The namespaces there are. Each has the accounts `agent` and `stranger`; no policy is ever for a stranger. */
export const TEAMS = ['team-a', 'team-b'] as const;
/** No test here is about the limits on one caller. */
const UNLIMITED = '--rate-limit=10000,20000';

const typeOf = (plural: string, namespaced: boolean): ResourceType => ({ ...TRUST_POLICIES, plural, namespaced });
export const TYPES = {
  TrustPolicy: TRUST_POLICIES,
  ClusterTrustPolicy: typeOf('clustertrustpolicies', false),
  ProtectedResource: typeOf('protectedresources', false),
  TokenRevocation: typeOf('tokenrevocations', true),
  AgentRegistration: typeOf('agentregistrations', true),
} as const;

export interface World {
  readonly cluster: Cluster;
  readonly admin: KubeClient;
  start(...flags: string[]): Promise<Operator>;
  /** A proof of `agent` or `stranger`, good for 10 minutes. */
  proof(namespace: string, name: string, audience?: string): Promise<string>;
  /**
   * Writes into one object of every kind all the time, so that no collection is ever quiet and the view of who follows
   * them is always seconds old at most. Ends with the world.
   */
  pulse(): void;
  stop(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const cluster = await startCluster();
  const ends: (() => Promise<void>)[] = [];
  try {
    await install(cluster);
    await cluster.apply([
      ...TEAMS.map((name) => namespaceNamed(name)),
      ...TEAMS.flatMap((namespace) => ['agent', 'stranger'].map((name) => account(namespace, name))),
    ]);
    const admin = await administrator(cluster);
    ends.push(async () => admin.close());
    return {
      cluster,
      admin,
      async start(...flags) {
        const operator = await startOperator(cluster, { flags: [UNLIMITED, ...flags] });
        await operator.ready();
        return operator;
      },
      proof: (namespace, name, audience) => proofOf(cluster, namespace, name, audience),
      pulse() {
        const stopped = new AbortController();
        const beating = beat(admin, stopped.signal);
        ends.push(async () => {
          stopped.abort();
          await beating;
        });
      },
      async stop() {
        dismissAll();
        for (const end of ends.toReversed()) await end();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** What is written into, and two of which are of use to the tests: proofs by signature alone, and a resource. */
export const standing = async () => [
  policy('team-a', 'agents', 'agent'),
  await bySignature('signed'),
  resource('api', { audience: 'api-aud', grantableFrom: { namespaces: [...TEAMS] } }),
  {
    apiVersion: API_VERSION,
    kind: 'TokenRevocation',
    metadata: { name: 'pulse', namespace: OPERATOR.namespace },
    spec: { grant: 'nobody-s' },
  },
  {
    apiVersion: API_VERSION,
    kind: 'AgentRegistration',
    metadata: { name: 'pulse', namespace: OPERATOR.namespace },
    spec: {
      agentType: 'nobody',
      userId: 'nobody',
      identity: { serviceAccount: { namespace: 'nowhere', name: 'nobody' } },
    },
  },
];

/** An issuer of the tests' own, whose keys stand in the policy: about its proofs nobody need be asked. */
const ELSEWHERE = 'https://elsewhere.example';
const elsewhere = await generateKeyPair('ES256', { extractable: true });

/** A proof that is judged by its signature alone, good for 10 minutes. */
export const signedProof = () =>
  new SignJWT({ sub: 'robot' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(ELSEWHERE)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(elsewhere.privateKey);

const bySignature = async (name: string) => ({
  apiVersion: API_VERSION,
  kind: 'ClusterTrustPolicy',
  metadata: { name },
  spec: {
    provider: 'oidc',
    issuer: ELSEWHERE,
    audience: AUDIENCE,
    tenant: 'elsewhere',
    keys: {
      inline: JSON.stringify({
        keys: [{ ...(await exportJWK(elsewhere.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }],
      }),
    },
    trustRules: [{ name: 'signed', match: { claims: { sub: 'robot' } }, issue: { ttl: '1h' } }],
  },
});

/** A ClusterTrustPolicy that stands before every TrustPolicy and refuses. */
export const guardrail = (name: string, match: object) => ({
  apiVersion: API_VERSION,
  kind: 'ClusterTrustPolicy',
  metadata: { name },
  spec: {
    provider: 'kubernetes',
    audience: AUDIENCE,
    trustRules: [{ name: 'refused', match, deny: true }],
  },
});

export const resource = (name: string, spec: object) => ({
  apiVersion: API_VERSION,
  kind: 'ProtectedResource',
  metadata: { name },
  spec,
});

/** A resource that team-b's agents may be given, and the one account that verifies for it: `gateway/proxy`. */
export const guarded = (name: string) => [
  namespaceNamed('gateway'),
  account('gateway', 'proxy'),
  resource(name, {
    audience: `${name}-aud`,
    grantableFrom: { namespaces: ['team-b'] },
    verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }],
  }),
];

/** Asks until the answer has this status; the last answer is told if it never does. */
export async function eventually(wanted: number, ask: () => Promise<Answer>, withinMs = SOON): Promise<Answer> {
  let last: Answer | undefined;
  await until(withinMs, async () => {
    last = await ask();
    return last.status === wanted;
  }).catch(() => assert.equal(last?.status, wanted, JSON.stringify(last?.body)));
  return last!;
}

/** Waits until the text matches; the last text is told if it never does. */
export async function says(pattern: RegExp, read: () => string | Promise<string>, withinMs = SOON): Promise<void> {
  let last = '';
  await until(withinMs, async () => {
    last = await read();
    return pattern.test(last);
  }).catch(() => assert.match(last.slice(-4_000), pattern));
}

/** All that `/readyz?verbose` says, as text. */
export async function readiness(operator: Operator): Promise<string> {
  const { status, body } = await get(`${operator.ops}/readyz?verbose`);
  return `${status} ${JSON.stringify(body)}`;
}
