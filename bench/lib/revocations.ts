/** What a cluster full of revocations holds, and the tokens that are to be revoked. */
import { createHash } from 'node:crypto';
import type { KubeClient, ResourceType } from '../../src/kube/types.ts';
import { TRUST_POLICIES } from '../../test/e2e/serve-support.ts';
import { AUDIENCE, BENCH, TEAM_NAMESPACES } from './cluster-objects.ts';

export const TOKEN_REVOCATIONS: ResourceType = { ...TRUST_POLICIES, plural: 'tokenrevocations' };
export const RESOURCE = 'guarded';
const WRITERS = 16;

/** Runs `work` for 0 … `count` − 1, sixteen at a time. */
export async function each(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: WRITERS }, worker));
}

/** Revocations of tokens that nobody has: by digest, grant and token in turn, in every team's namespace. */
export async function fillRevocations(admin: KubeClient, count: number): Promise<void> {
  await each(count, async (i) => {
    const namespace = TEAM_NAMESPACES[i % TEAM_NAMESPACES.length] as string;
    await admin.create(TOKEN_REVOCATIONS, revocation(namespace, `other-${i}`, otherTarget(i)), namespace);
  });
}

/** One of each sort in turn, as unlike each other as real ones. */
export function otherTarget(i: number): Record<string, string> {
  const digest = createHash('sha256').update(`other ${i}`).digest('base64url');
  const targets: Record<string, string>[] = [
    { derivedFrom: digest },
    { grant: digest.slice(0, 22) },
    { token: digest.slice(0, 22) },
  ];
  return targets[i % targets.length] ?? {};
}

export function revocation(namespace: string, name: string, spec: object): object {
  return {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TokenRevocation',
    metadata: { name, namespace },
    spec: { reason: 'bench', ...spec },
  };
}

/** The resource that the measured tokens are for, and who may verify them. */
export const guarded = {
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ProtectedResource',
  metadata: { name: RESOURCE },
  spec: {
    audience: RESOURCE,
    grantableFrom: { namespaces: [BENCH] },
    verifiers: [{ namespace: BENCH, serviceAccount: 'gateway' }],
  },
};

export function victim(name: string, more: object): object {
  return {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TrustPolicy',
    metadata: { name, namespace: BENCH },
    spec: {
      provider: 'kubernetes',
      audience: AUDIENCE,
      trustRules: [
        {
          name: 'only',
          match: { serviceAccount: name },
          issue: { ttl: '1h', resources: [RESOURCE], caveats: ['department = research', 'cost_center = eng-ai'] },
        },
      ],
      ...more,
    },
  };
}
