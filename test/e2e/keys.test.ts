import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet } from 'jose';
import { describeMacaroon } from '../../src/macaroon/index.ts';
import { type Cluster, OPERATOR, type Operator, OWN_ISSUER, startOperator, until } from './cluster/index.ts';
import {
  account,
  eventually,
  exchange,
  get,
  namespaceNamed,
  policy,
  post,
  proofOf,
  startMint,
} from './serve-support.ts';
import { type Ended, runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FAST = ['--rate-limit=10000,20000'];
/** Milliseconds: every replica looks every 10 s. */
const LOOKED = 30_000;

interface PublishedKey {
  readonly kid: string;
  readonly state: 'next' | 'active' | 'retired';
  readonly key: string;
}

describe('Keys in a cluster', () => {
  let cluster: Cluster;
  let replicas: Operator[];
  let gateway: string;
  let keeper: string;

  before(async () => {
    ({ cluster, replicas } = await startMint(
      5,
      [
        ...['ai', 'gateway'].map((name) => namespaceNamed(name)),
        account('ai', 'agent'),
        account('gateway', 'proxy'),
        {
          apiVersion: 'trustmint.dev/v1alpha1',
          kind: 'ProtectedResource',
          metadata: { name: 'api' },
          spec: {
            audience: 'api-aud',
            grantableFrom: { namespaces: ['ai'] },
            verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }],
          },
        },
        policy('ai', 'api', 'agent', {}, { resources: ['api'] }),
      ],
      FAST,
    ));
    gateway = await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER);
    const bind = ['create', 'rolebinding', 'keeper', '--role=trustmint-keys', '--user=keeper'];
    await cluster.kubectl(['-n', OPERATOR.namespace, ...bind]);
    keeper = await cluster.kubeconfigFor({ user: 'keeper' });
  });
  after(() => cluster?.stop());

  const keysOf = async (replica: Operator) =>
    (await eventually(200, () => get(`${replica.url}/api/mint/keys?resource=api`, gateway))).body
      .keys as readonly PublishedKey[];
  const jwksOf = async (replica: Operator) =>
    (await eventually(200, () => get(`${replica.url}/oauth2/jwks`))).body.keys as readonly { kid: string }[];
  const states = async (replica: Operator) => (await keysOf(replica)).map(({ state }) => state);
  const activeKid = async (replica: Operator) => (await keysOf(replica)).find(({ state }) => state === 'active')!.kid;
  const mint = async (replica: Operator) => {
    const proof = await proofOf(cluster, 'ai', 'agent');
    return (await eventually(200, () => exchange(replica, proof, { resource: 'api' }))).body.token as string;
  };
  const kidOf = (token: string) => describeMacaroon(token).identifier!.kid;
  const isActive = async (replica: Operator, token: string) =>
    (await post(`${replica.url}/api/mint/verify`, { token, resource: 'api' }, gateway)).body.active;
  const trustmint = (...args: string[]): Promise<Ended> =>
    runToEnd(
      process.execPath,
      [join(ROOT, 'src/main.ts'), 'keys', ...args, '--kubeconfig', keeper, '-n', OPERATOR.namespace],
      ROOT,
      {},
    );

  it('five replicas that start at once make one set of keys, and each publishes the same', async () => {
    const [first, ...others] = await Promise.all(replicas.map(keysOf));
    assert.deepEqual(
      first!.map(({ state }) => state),
      ['active'],
    );
    for (const other of others) assert.deepEqual(other, first);
    const [jwks, ...more] = await Promise.all(replicas.map(jwksOf));
    assert.deepEqual(
      jwks!.map(({ kid }) => kid).sort(),
      ['eddsa', 'es256', 'rs256'].map((alg) => `${first![0]!.kid}.${alg}`),
    );
    createLocalJWKSet({ keys: jwks as never });
    for (const other of more) assert.deepEqual(other, jwks);
    const created = replicas.flatMap(({ process }) => process.log(100_000).match(/"action":"created"/g) ?? []);
    assert.equal(created.length, 1, 'the first create won');
    const token = await mint(replicas[0]!);
    for (const replica of replicas) assert.equal(await isActive(replica, token), true);
  });

  it('whoever may see to the keys lists them, without a right to read them', async () => {
    await until(LOOKED, async () => (await trustmint('list')).code === 0);
    const { out } = await trustmint('list');
    assert.match(out, /^KEY .*\n\S+ +active +\S+Z +\S+Z +-\n$/);
    assert.equal(out.split('\n')[1]!.split(' ')[0], await activeKid(replicas[0]!));
    for (const args of [
      ['get', 'secret', 'trustmint-keys'],
      ['get', 'leases'],
      ['delete', 'lease', 'trustmint'],
    ]) {
      const refused = await cluster.tryKubectl(['-n', OPERATOR.namespace, ...args], { kubeconfig: keeper });
      assert.match(refused.err, /forbidden/, args.join(' '));
    }
    const secret = JSON.parse(
      await cluster.kubectl(['-n', OPERATOR.namespace, 'get', 'secret', 'trustmint-keys', '-o', 'json']),
    ) as { data: Record<string, string> };
    const [key] = (
      JSON.parse(Buffer.from(secret.data['keys.json']!, 'base64').toString()) as { keys: { macaroon: string }[] }
    ).keys;
    const lease = await cluster.kubectl(['-n', OPERATOR.namespace, 'get', 'lease', 'trustmint', '-o', 'json']);
    assert.ok(!lease.includes(key!.macaroon));
  });

  it('a rotation publishes a next key everywhere, and signs by the old one', async () => {
    const before = await activeKid(replicas[0]!);
    const { code, out, err } = await trustmint('rotate');
    assert.equal(code, 0, err);
    assert.match(out, /\n\S+ +next .*signs from \S+Z\n/);
    for (const replica of replicas) {
      await until(LOOKED, async () => (await states(replica)).includes('next'));
      assert.equal(kidOf(await mint(replica)), before);
      assert.equal((await jwksOf(replica)).length, 6);
    }
  });

  for (const [round, what] of ['the next key that waits', 'a key that is not there yet'].entries()) {
    it(`--now: ${what} is published by every replica before any signs with it; old tokens verify throughout`, async () => {
      const before = await activeKid(replicas[0]!);
      const old = await mint(replicas[1]!);
      /** What each replica has ever published, both ways. */
      const published = replicas.map(() => ({ macaroons: new Set<string>(), jwts: new Set<string>() }));
      const wrong: string[] = [];
      let done = false;
      const proof = await proofOf(cluster, 'ai', 'agent');
      const watching = replicas.map(async (replica, i) => {
        while (!done) {
          for (const { kid } of await keysOf(replica)) published[i]!.macaroons.add(kid);
          for (const { kid } of await jwksOf(replica)) published[i]!.jwts.add(kid);
          const { status, body } = await exchange(replica, proof, { resource: 'api' });
          if (status !== 200) wrong.push(`${i}: exchange ${status}`);
          else {
            const token = body.token as string;
            for (const [j, other] of replicas.entries()) {
              const kid = kidOf(token);
              if (kid !== before && !published[j]!.macaroons.has(kid)) wrong.push(`${i} signed what ${j} had not`);
              if (kid !== before && !published[j]!.jwts.has(`${kid}.es256`))
                wrong.push(`${i}: not in the JWKS of ${j}`);
              if ((await isActive(other, token)) !== true) wrong.push(`${j} refused a token of ${i}`);
            }
          }
          if ((await isActive(replica, old)) !== true) wrong.push(`${i} refused a token from before`);
          await sleep(200);
        }
      });
      const { code, out, err } = await trustmint('rotate', '--now');
      assert.equal(code, 0, err);
      assert.match(out, new RegExp(`\\n${before} +retired .*goes after`));
      for (const replica of replicas) await until(LOOKED, async () => (await activeKid(replica)) !== before);
      await sleep(1_000);
      done = true;
      await Promise.all(watching);
      assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} wrong answers`);
      const fresh = await mint(replicas[2]!);
      assert.notEqual(kidOf(fresh), before);
      for (const replica of replicas) assert.equal(await isActive(replica, fresh), true);
      assert.equal((await states(replicas[0]!)).filter((state) => state === 'retired').length, round + 1);
    });
  }

  it('a replica that starts after all that has the same keys', async () => {
    const late = await startOperator(cluster, { flags: FAST });
    await late.ready();
    assert.deepEqual(await keysOf(late), await keysOf(replicas[0]!));
    assert.deepEqual(await jwksOf(late), await jwksOf(replicas[0]!));
    const metrics = await (await fetch(`${late.ops}/metrics`)).text();
    assert.match(metrics, /^trustmint_own_keys\{state="active"\} 1$/m);
    assert.match(metrics, /^trustmint_own_keys\{state="retired"\} 2$/m);
    assert.match(metrics, /^trustmint_own_key_age_seconds \d+$/m);
    await late.process.stop('SIGTERM');
  });

  it('rotate says so where nobody leads, and leaves no request behind', async () => {
    for (const replica of replicas) await replica.process.stop('SIGTERM');
    const { code, err } = await trustmint('rotate');
    assert.equal(code, 1);
    assert.match(err, /^trustmint: Lease trustmint-system\/trustmint: no leader has done it in time \(nobody leads\)/);
    const lease = await cluster.kubectl(['-n', OPERATOR.namespace, 'get', 'lease', 'trustmint', '-o', 'json']);
    assert.ok(!lease.includes('rotate-keys'));
  });
});
