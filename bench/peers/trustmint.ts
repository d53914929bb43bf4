/** Trustmint as a user starts it: manifests in a directory, keys inline, audit lines on stdout into a file. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newSigningKey, serviceAccountToken, type Workload } from '../lib/proofs.ts';
import { type RunningServer, startServer } from '../lib/server.ts';
import type { Target } from './target.ts';

const WORKLOADS = 100;
const ISSUER = 'https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF';
const AUDIENCE = 'satgate';
const NAMESPACE = 'ai-agents';
const UNLIMITED = '1000000';

export interface TrustmintTargets {
  readonly firstSeen: Target;
  readonly repeated: Target;
  readonly server: RunningServer;
}

/** @param dir - an empty directory for manifests, state and the audit log */
export async function startTrustmint(core: number | undefined, dir: string): Promise<TrustmintTargets> {
  const key = newSigningKey('cluster-1');
  const manifests = join(dir, 'manifests');
  const data = join(dir, 'data');
  for (const path of [manifests, data]) mkdirSync(path, { mode: 0o700 });
  const jwks = JSON.stringify({ keys: [key.publicJwk] });
  for (const policy of policies(jwks))
    writeFileSync(join(manifests, `${policy.metadata.name}.yaml`), JSON.stringify(policy));

  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const audit = openSync(join(dir, 'audit.jsonl'), 'a', 0o600);
  const server = await startServer(
    core,
    [main, 'serve', '--manifests', manifests, '--data-dir', data, '--issuer', 'http://127.0.0.1:8080'].concat([
      '--listen',
      '127.0.0.1:0',
      '--ops-listen',
      '127.0.0.1:0',
      '--rate-limit',
      UNLIMITED,
    ]),
    audit,
  );

  const workloads = Array.from({ length: WORKLOADS }, (_, i): Workload => {
    const serviceAccount = i === 0 ? 'research-agent' : `agent-${i}`;
    return { issuer: ISSUER, audience: AUDIENCE, namespace: NAMESPACE, serviceAccount, uid: randomUUID() };
  });
  const proof = (i: number) => serviceAccountToken(key, workloads[i % WORKLOADS] as Workload);
  const fresh = (count: number) => Array.from({ length: count }, (_, i) => JSON.stringify({ credentials: proof(i) }));
  const kept = fresh(WORKLOADS);
  const shared = { server, path: '/api/mint/exchange', contentType: 'application/json', check };
  return {
    server,
    firstSeen: { ...shared, name: 'trustmint, first-seen', slice: 10_000, bodies: fresh },
    repeated: { ...shared, name: 'trustmint, repeated', slice: 16_000, bodies: () => kept },
  };
}

/** The two policies of a platform team that has a cluster's agents and GitHub's runners. */
function policies(inline: string) {
  const apiVersion = 'trustmint.dev/v1alpha1';
  return [
    {
      apiVersion,
      kind: 'TrustPolicy',
      metadata: { name: 'research', namespace: NAMESPACE },
      spec: {
        provider: 'kubernetes',
        issuer: ISSUER,
        audience: AUDIENCE,
        keys: { inline },
        trustRules: [
          { name: 'no-default-sa', match: { serviceAccount: 'default' }, deny: true },
          {
            name: 'research',
            match: { namespace: NAMESPACE, serviceAccount: 'research-agent' },
            issue: { budgetCredits: 1000, ttl: '8h', caveats: ['department = research', 'cost_center = eng-ai'] },
          },
          {
            name: 'everyone-else',
            match: { namespace: NAMESPACE, serviceAccount: '*' },
            issue: { budgetCredits: 200, ttl: '4h', caveats: ['department = general'] },
          },
        ],
      },
    },
    {
      apiVersion,
      kind: 'ClusterTrustPolicy',
      metadata: { name: 'ci' },
      spec: {
        provider: 'github',
        audience: AUDIENCE,
        tenant: 'acme',
        keys: { inline },
        trustRules: [
          {
            name: 'main',
            match: { repository: 'acme-corp/ai-pipeline', ref: 'refs/heads/main' },
            issue: { budgetCredits: 500, ttl: '1h', labelTemplate: 'ci-{{ .Claims.run_id }}' },
          },
        ],
      },
    },
  ];
}

function check(answer: string): void {
  const { token, token_type: type, expires_in: seconds, caveats, grant_id: grant } = JSON.parse(answer);
  const bytes = Buffer.from(String(token), 'base64url');
  // libmacaroons v2 binary begins with its version, and every one of ours ends with a 32-byte signature field.
  const isMacaroon = bytes[0] === 2 && bytes.at(-34) === 6 && bytes.at(-33) === 32;
  const isResearch = seconds === 28_800 && caveats.includes('department = research');
  const isGeneral = seconds === 14_400 && caveats.includes('department = general');
  if (!isMacaroon || type !== 'Bearer' || typeof grant !== 'string' || !(isResearch || isGeneral))
    throw new Error('trustmint: not the macaroon that the policy gives');
}
