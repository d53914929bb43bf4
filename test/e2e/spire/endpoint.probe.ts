/**
 * Run where ADDRESS is one of this machine's and private, as a Service's is: a SPIRE with its bundle endpoint there, and
 * a cluster whose policy names it. Prints what becomes of an SVID by each way to name it, one after the other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, until } from '../cluster/index.ts';
import { exchange, startMint } from '../serve-support.ts';
import { AGENT, withBundle } from './agents.ts';
import { type Spire, startSpire } from './spire.ts';

const { ADDRESS = '' } = process.env;
const AUDIENCE = 'http://mint.localhost:8080';
const RULE = { name: 'all', match: { id: 'spiffe://cluster.local/**' }, issue: { ttl: '10m' } };

function policyWith(bundle: object) {
  const { 'policy.yaml': policy } = withBundle(bundle);
  return { ...policy, spec: { ...policy.spec, audience: AUDIENCE, trustRules: [RULE] } };
}

let cluster: Cluster | undefined;
let spire: Spire | undefined;
try {
  spire = await startSpire({ address: ADDRESS });
  const { bundleUrl: url, caBundle } = spire;
  const ways = {
    trusted: [200, { endpoint: { url }, caBundle, allowPrivate: true }],
    'not said to be private': [503, { endpoint: { url }, caBundle }],
    again: [200, { endpoint: { url }, caBundle, allowPrivate: true }],
    'of an authority that nobody knows': [503, { endpoint: { url }, allowPrivate: true }],
    'and again': [200, { endpoint: { url }, caBundle, allowPrivate: true }],
    'on loopback': [503, { endpoint: { url: url.replace(ADDRESS, '127.0.0.1') }, caBundle, allowPrivate: true }],
  } as const;
  const started = await startMint(1, [policyWith(ways.trusted[1])]);
  cluster = started.cluster;
  const operator = started.replicas[0]!;
  const answers: Record<string, unknown> = {};
  for (const [way, [wanted, bundle]] of Object.entries(ways)) {
    await cluster.apply([policyWith(bundle)]);
    const proof = await spire.mint(AGENT, AUDIENCE, 300);
    await until(30_000, async () => (await exchange(operator, proof)).status === wanted).catch(() => {});
    // Not only while keys are being fetched.
    await sleep(1_000);
    const answer = await exchange(operator, proof);
    answers[way] = [answer.status, answer.body.error ?? answer.body.policy];
  }
  console.log(JSON.stringify(answers));
} finally {
  await spire?.stop();
  await cluster?.stop();
}
