import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { describeMacaroon } from '../../src/macaroon/index.ts';
import { type Cluster, OPERATOR, type Operator, OWN_ISSUER, until } from './cluster/index.ts';
import { gatewayObjects, type RunningGateway, startGateway } from './gateway-support.ts';
import {
  account,
  eventually,
  exchange,
  get,
  namespaceNamed,
  policy,
  post,
  proofOf,
  SOON,
  startMint,
} from './serve-support.ts';
import { runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Seconds between two polls. */
const POLL = 1;

describe('The gateway of the examples in a cluster', () => {
  let cluster: Cluster;
  let replicas: Operator[];
  let gateway: RunningGateway;

  before(async function () {
    this.timeout(300_000);
    ({ cluster, replicas } = await startMint(
      3,
      [
        ...['team-a', 'team-b'].map((name) => namespaceNamed(name)),
        ...['team-a', 'team-b'].map((namespace) => account(namespace, 'agent')),
        ...gatewayObjects(policy),
      ],
      ['--rate-limit=10000,20000'],
    ));
    gateway = await startGateway(cluster, {
      mints: replicas.map(({ url }) => url),
      ...{ resource: 'api-docs', audience: 'docs-aud', serviceAccount: 'proxy', seconds: { poll: POLL, limit: 600 } },
    });
  });
  after(async function () {
    this.timeout(120_000);
    await gateway?.stop();
    await cluster?.stop();
  });

  /** A token of a new grant: of another pod, so to speak. */
  async function tokenOf(namespace = 'team-a', replica = replicas[0]!) {
    const proof = await proofOf(cluster, namespace, 'agent');
    const { body } = await eventually(200, () => exchange(replica, proof, { resource: 'api-docs' }));
    return { token: body.token as string, grant: body.grant_id as string };
  }

  const refused = async (token: string, why = 'revoked') => {
    await until(SOON, async () => (await gateway.call(token)) === why);
  };

  const revoke = (...args: string[]) =>
    runToEnd(
      process.execPath,
      [join(ROOT, 'src/main.ts'), 'revoke', '--kubeconfig', cluster.adminKubeconfig, ...args],
      ROOT,
      { PATH: process.env.PATH ?? '', HOME: cluster.dir },
    );

  it('lets in what any replica minted, offline, and sends nothing of it on', async () => {
    for (const replica of replicas)
      assert.equal(await gateway.call((await tokenOf('team-a', replica)).token), 'let in');
    assert.ok(gateway.passedOn.every(({ authorization }) => authorization === undefined));
    assert.equal(gateway.passedOn[0]?.caller, 'system:serviceaccount:team-a:agent');
    assert.equal(await gateway.call('nonsense'), 'malformed');
  });

  it('trustmint revoke makes a TokenRevocation in the cluster, that gateway and replicas refuse by at once', async () => {
    const { token, grant } = await tokenOf('team-b');
    assert.equal(await gateway.call(token), 'let in');
    const printed = await revoke('--policy', 'tpol/team-b/docs', '--output', 'yaml', '--reason', 'leaked');
    assert.equal(printed.code, 0, printed.err);
    const uid = (
      await cluster.kubectl(['-n', 'team-b', 'get', 'tpol', 'docs', '-o', 'jsonpath={.metadata.uid}'])
    ).trim();
    assert.equal(parse(printed.out).spec.policy, uid);
    assert.equal(await gateway.call(token), 'let in', 'printing revokes nothing');

    // What another team writes about it kills nothing.
    assert.equal((await revoke('-n', 'team-a', '--grant', grant)).code, 0);
    const ran = await revoke(
      '--policy',
      'tpol/team-b/docs',
      '--issued-before',
      new Date(Date.now() + 1_000).toISOString(),
    );
    assert.equal(ran.code, 0, ran.err);
    assert.match(
      ran.out,
      /^TokenRevocation team-b\/policy-[0-9a-f]+ created at https:.*\nkills every token of policy /,
    );
    await refused(token);
    const proxy = await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER);
    for (const replica of replicas) {
      await until(SOON, async () => {
        const { body } = await post(`${replica.url}/api/mint/verify`, { token, resource: 'api-docs' }, proxy);
        return body.reason === 'revoked';
      });
    }
    assert.equal(await gateway.call((await tokenOf()).token), 'let in', 'the other team');
    const applied = await revoke('-n', 'no-such-namespace', '--grant', grant);
    assert.match(applied.err, /^trustmint: there is no namespace no-such-namespace, or .*\(NotFound\)\n$/);
  });

  it('goes on while two replicas are gone, and no dead token is let in again', async () => {
    const [dead, living] = [await tokenOf(), await tokenOf()];
    await revoke('-n', OPERATOR.namespace, '--token', describeMacaroon(dead.token).identifier!.jti);
    await refused(dead.token);
    for (const one of replicas.slice(1)) await one.process.stop();
    for (let i = 0; i < 20; i += 1) {
      assert.equal(await gateway.call(dead.token), 'revoked');
      assert.equal(await gateway.call(living.token), 'let in');
      await new Promise((done) => setTimeout(done, 200));
    }
    for (const one of replicas.slice(1)) await one.process.start();
    for (const one of replicas) await one.ready();
    assert.equal(await gateway.call(dead.token), 'revoked');
  });

  it('kubernetes.yaml is what an API server accepts', async () => {
    const file = join(ROOT, 'examples/gateway/kubernetes.yaml');
    const out = await cluster.kubectl(['apply', '--dry-run=server', '-f', file]);
    assert.equal(out.trim().split('\n').length, 3, out);
  });

  it('an account that is a verifier no more is given neither keys nor revocations, and its gateway stops', async () => {
    const { token } = await tokenOf();
    const proxy = await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER);
    const ask = (replica: Operator, feed: string) => get(`${replica.url}/api/mint/${feed}?resource=api-docs`, proxy);
    const patch = (verifiers: object[]) =>
      cluster.kubectl(['patch', 'pres', 'api-docs', '--type=merge', '-p', JSON.stringify({ spec: { verifiers } })]);
    await patch([{ namespace: 'gateway', serviceAccount: 'another' }]);
    for (const replica of replicas) {
      for (const feed of ['keys', 'revocations']) await eventually(401, () => ask(replica, feed));
    }
    await refused(token, 'no_feed');
    assert.equal((await fetch(gateway.health)).status, 503);
    await patch([{ namespace: 'gateway', serviceAccount: 'proxy' }]);
    await until(40_000, async () => (await gateway.call(token)) === 'let in');
  });

  it('a resource that is deleted takes its gateway with it: no replica gives its keys any more', async () => {
    const { token } = await tokenOf();
    const proxy = await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER);
    assert.equal(await gateway.call(token), 'let in');
    await cluster.kubectl(['delete', 'pres', 'api-docs']);
    for (const replica of replicas) {
      for (const feed of ['keys', 'revocations']) {
        await eventually(401, () => get(`${replica.url}/api/mint/${feed}?resource=api-docs`, proxy));
      }
    }
    await refused(token, 'no_feed');
  });
});
