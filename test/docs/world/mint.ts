/**
 * The world `mint`: issuers on 127.0.0.1:9000, a mint on 127.0.0.1:8080 (ops: 8081), which is https://mint.example.com too,
 * and what a workload, a gateway and an administrator have at hand.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support.ts';
import { certify, endTls, post, put, serveWorld, trustmint, WORK } from './inside.ts';
import { ISSUER, MANIFESTS } from './manifests.ts';
import { cloneIn } from './namespace.ts';

const VERIFIER = 'verifier-token-of-the-docs';
const BASE = 'http://127.0.0.1:8080';

cloneIn(WORK);
const authority = certify(['mint.example.com', 'trustmint.trustmint-system.svc']);
const [, requestToken = ''] = await trustmint(
  ['dev', 'issuer', '--listen', '127.0.0.1:9000'],
  /^listening .*request-token=(\S+)/m,
);

mkdirSync(join(WORK, 'policies'));
writeFileSync(join(WORK, 'policies/all.yaml'), MANIFESTS);
put('verifier-token', `${VERIFIER}\n`);
await trustmint(
  [
    ...['serve', '--manifests', join(WORK, 'policies'), '--data-dir', join(WORK, 'data'), '--issuer', ISSUER],
    ...['--verifier-token-file', join(WORK, 'verifier-token'), '--audit-log', join(WORK, 'audit.log')],
  ],
  /^.*\blistening\b.*/m,
);
for (const port of [443, 8443]) await endTls(port, 8080);

const proof = async (claims: object): Promise<string> =>
  (await post('http://127.0.0.1:9000/token', claims)).token ?? '';
const account = (serviceAccount: string) =>
  proof({ kind: 'service-account', namespace: 'ai-agents', serviceAccount, audience: 'satgate' });
const svid = (agent: string) => proof({ kind: 'spiffe', path: `/agent/tenant-1/alice/${agent}`, audience: ISSUER });

const parent = await svid('global-worker/agent-22962c27');
const pod = await account('research-agent');
const { token = '' } = await post(`${BASE}/api/mint/exchange`, {
  credentials: await account('reader-1'),
  resource: 'documents',
});
const keys = await fetch(`${BASE}/api/mint/keys?resource=documents`, {
  headers: { authorization: `Bearer ${VERIFIER}` },
});

// Where a pod, and a gateway's pod, find theirs.
writeFileSync('/run/secrets/tokens/satgate-token', pod);
writeFileSync('/run/secrets/mint/token', `${VERIFIER}\n`);
put('svid', parent);
put('svid.jwt', parent);
put('token.txt', token);
put('keys.json', await keys.text());

const actions = new URLSearchParams({ repository: 'acme-corp/ai-pipeline', ref: 'refs/heads/main', run_id: '1001' });
const hasRequests = spawnSync('python3', ['-c', 'import requests']).status === 0;
await serveWorld({
  ...authority,
  ...(!hasRequests && { PYTHONPATH: join(ROOT, 'hack/demo/shims/python') }),
  PROOF: pod,
  TOKEN: token,
  VERIFIER_TOKEN: VERIFIER,
  MINT: ISSUER,
  TYPE: 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe',
  PARENT_SVID: parent,
  CHILD_SVID: await svid('summariser/agent-5'),
  ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:9000/actions/token?${actions}`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
  GITHUB_ENV: put('github-env', '') || join(WORK, 'github-env'),
});
