/** Two mints that are asked to verify one token: one knows no TokenRevocation, the other ten thousand. */
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from '../peers/target.ts';
import { newSigningKey, serviceAccountToken } from './proofs.ts';
import { otherTarget, revocation } from './revocations.ts';
import { startServer } from './server.ts';

const ISSUER = 'https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF';
const AUDIENCE = 'satgate';
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const ONE_FILE = 500;
const SLICE = 20_000;
const WITHIN = 30_000;

/** @param dir an empty directory of its own */
export async function startVerifier(core: number | undefined, dir: string, revocations: number): Promise<Target> {
  const key = newSigningKey('cluster-1');
  const manifests = join(dir, 'manifests');
  const data = join(dir, 'data');
  for (const path of [manifests, data]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const write = (name: string, objects: readonly object[]) =>
    writeFileSync(join(manifests, `${name}.yaml`), objects.map((one) => JSON.stringify(one)).join('\n---\n'));
  write('policy', [policy(JSON.stringify({ keys: [key.publicJwk] }))]);
  const creationTimestamp = new Date().toISOString();
  const all = Array.from({ length: revocations }, (_, i) => {
    const object = revocation('agents', `other-${i}`, otherTarget(i)) as { metadata: object };
    return { ...object, metadata: { ...object.metadata, creationTimestamp } };
  });
  for (let from = 0; from < all.length; from += ONE_FILE) write(`revoked-${from}`, all.slice(from, from + ONE_FILE));

  const args = ['serve', '--manifests', manifests, '--data-dir', data, '--issuer', 'http://127.0.0.1:8080'];
  const listen = ['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--rate-limit', '1000000'];
  const server = await startServer(core, [MAIN, ...args, ...listen], openSync(join(dir, 'audit.jsonl'), 'a', 0o600));

  const proof = serviceAccountToken(key, {
    issuer: ISSUER,
    audience: AUDIENCE,
    namespace: 'agents',
    serviceAccount: 'agent',
    uid: '6b1f6d5e-6a0c-4f43-9a7e-0c8d5f1c2b11',
  });
  const token = await exchange(server.url, proof);
  const body = JSON.stringify({ token, resource: 'default', call: { cost: 1 } });
  const known = await feedSize(server.url);
  if (known !== revocations) throw new Error(`${known} of ${revocations} revocations are in force`);
  return {
    name: `verify, ${revocations.toLocaleString('en-US')} TokenRevocations`,
    server,
    path: '/api/mint/verify',
    contentType: 'application/json',
    slice: SLICE,
    bodies: () => [body],
    check(answer) {
      if ((JSON.parse(answer) as { active?: boolean }).active !== true) throw new Error(`not active: ${answer}`);
    },
  };
}

function policy(inline: string) {
  return {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TrustPolicy',
    metadata: { name: 'agents', namespace: 'agents' },
    spec: {
      provider: 'kubernetes',
      issuer: ISSUER,
      audience: AUDIENCE,
      keys: { inline },
      trustRules: [
        {
          name: 'agents',
          match: { namespace: 'agents', serviceAccount: '*' },
          issue: { ttl: '8h', budgetCredits: 1000, caveats: ['department = research', 'cost_center = eng-ai'] },
        },
      ],
    },
  };
}

async function exchange(url: URL, proof: string): Promise<string> {
  const deadline = performance.now() + WITHIN;
  for (;;) {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ credentials: proof });
    const answer = await fetch(new URL('/api/mint/exchange', url), { method: 'POST', headers, body });
    const { token, ...rest } = (await answer.json()) as { token?: string };
    if (token) return token;
    if (performance.now() > deadline) throw new Error(`no token: ${answer.status} ${JSON.stringify(rest)}`);
  }
}

async function feedSize(url: URL): Promise<number> {
  const answer = await fetch(new URL('/api/mint/revocations?resource=default', url));
  return ((await answer.json()) as { entries: object[] }).entries.length;
}
