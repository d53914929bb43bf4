/** How much memory a registration takes, with all that the operator's copy keeps of it, and how long a lookup. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { VerifiedIdentity } from '../src/identity.ts';
import { ObjectCache } from '../src/kube/object-cache.ts';
import type { KubeObject } from '../src/kube/types.ts';
import { type HeldRegistration, Registrations, registrationHolder } from '../src/operator/index.ts';

const LIMIT = 400;
const LOOKUPS = 200_000;
const TENANTS = 200;
const TYPES = 10;
const NAMESPACE = 'trustmint-system';
const NOW = 1_800_000_000;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

interface Shape {
  readonly name: string;
  readonly identity: (i: number) => object;
  readonly ask: (i: number) => VerifiedIdentity;
}

const hex = (i: number, digits: number) => i.toString(16).padStart(digits, '0');
const agentId = (i: number) => `agent-${hex(i, 8)}`;
const tenant = (i: number) => `tenant-${i % TENANTS}`;
const user = (i: number) => `user-${i % 50_000}@example.com`;
const type = (i: number) => `worker-${i % TYPES}`;
const uuid = (i: number) => `${hex(i, 8)}-0000-4000-8000-${hex(i * 7, 12)}`;

const SHAPES: readonly Shape[] = [
  {
    name: 'SPIFFE ID',
    identity: (i) => ({ spiffe: { trustDomain: 'cluster.local', tenantId: tenant(i) } }),
    ask: (i) =>
      identity('spiffe', 'spiffe://cluster.local', {
        tenantId: tenant(i),
        userId: user(i),
        agentType: type(i),
        agentId: agentId(i),
      }),
  },
  {
    name: 'service account',
    identity: (i) => ({ serviceAccount: { namespace: tenant(i), name: agentId(i) } }),
    ask: (i) => identity('kubernetes', 'https://k8s', { namespace: tenant(i), serviceAccount: agentId(i) }),
  },
];

function identity(provider: string, issuer: string, attributes: Record<string, string>): VerifiedIdentity {
  return { provider, issuer, attributes: new Map(Object.entries(attributes)) } as unknown as VerifiedIdentity;
}

/** As it comes from the API server: parsed from text, so that no string is shared with another one. */
function raw(i: number, shape: Shape): KubeObject {
  return JSON.parse(
    JSON.stringify({
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'AgentRegistration',
      metadata: {
        name: agentId(i),
        namespace: NAMESPACE,
        uid: uuid(i),
        resourceVersion: String(10_000_000 + i),
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00Z',
        finalizers: ['trustmint.dev/revocation'],
      },
      spec: {
        agentType: type(i),
        userId: user(i),
        identity: shape.identity(i),
        scopes: ['sample-api-a:write'],
        expiresAt: '2027-12-01T00:00:00Z',
        state: 'Active',
      },
      status: { observedGeneration: 1, phase: 'Active', conditions: [] },
    }),
  );
}

function heap(): number {
  for (let i = 0; i < 3; i += 1) gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function measure(count: number, shape: Shape): { readonly bytes: number; readonly nanoseconds: number } {
  const before = heap();
  const hold = registrationHolder();
  const cache = new ObjectCache<HeldRegistration>(hold, () => {
    throw new Error('a registration cannot be read');
  });
  const agents = new Registrations({ namespace: NAMESPACE, finalizers: true, items: () => cache.items() });
  for (let i = 0; i < count; i += 1) agents.take(cache.set(raw(i, shape)) ?? []);
  const bytes = (heap() - before) / count;
  const asked = Array.from({ length: LOOKUPS }, (_, i) => shape.ask((i * 7_919) % count));
  const began = process.hrtime.bigint();
  for (const one of asked) if ('not' in agents.find(one, true, NOW)) throw new Error('an agent is not found');
  const nanoseconds = Number(process.hrtime.bigint() - began) / LOOKUPS;
  return { bytes, nanoseconds };
}

let failed = false;
console.log('registrations  identity          bytes each  ns a lookup');
for (const count of process.argv.includes('--quick') ? [100_000] : [100_000, 1_000_000]) {
  for (const shape of SHAPES) {
    const { bytes, nanoseconds } = measure(count, shape);
    failed ||= bytes > LIMIT;
    const cells = [count.toLocaleString('en').padStart(13), shape.name.padEnd(16), bytes.toFixed(0).padStart(11)];
    console.log(`${cells.join('  ')}  ${nanoseconds.toFixed(0).padStart(11)}`);
  }
}
console.log(`limit: ${LIMIT} bytes of heap each`);
process.exitCode = failed ? 1 : 0;
