import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Authority,
  certificateMaker,
  KEYS,
  keepUp,
  readCertificates,
  textsOf,
} from '../../src/certificates/index.ts';
import {
  bundleIn,
  CONFIG_MAP,
  caFor,
  type Data,
  dataOf,
  exchangeOver,
  SECRET,
  shown,
  startClocked,
  startSecure,
} from './certificates-support.ts';
import { type Cluster, install, OPERATOR, type Operator, startCluster, until } from './cluster/index.ts';
import { account, get, namespaceNamed, policy, proofOf } from './serve-support.ts';
import { runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DAY = 86_400_000;
/** Milliseconds: every replica looks every 10 s, and at ConfigMaps every 30 s. */
const LOOKED = 60_000;
const SERVICE = 'trustmint.trustmint-system.svc';
const NAMES = `--tls-self-signed=${SERVICE},localhost`;
const FLAGS = ['--ca-namespaces=ai', '--rate-limit=10000,20000'];

describe('A certificate of our own', () => {
  let cluster: Cluster;
  let replicas: Operator[];
  let clocked: Awaited<ReturnType<typeof startClocked>>;
  let proof: string;

  before(async () => {
    cluster = await startCluster();
    await install(cluster);
    await cluster.apply([namespaceNamed('ai'), account('ai', 'agent'), policy('ai', 'api', 'agent'), ...caFor('ai')]);
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => startSecure(cluster, [NAMES, ...FLAGS])));
    replicas = [first!, ...others];
    for (const one of replicas) await one.ready();
    proof = await proofOf(cluster, 'ai', 'agent');
  });
  after(() => cluster?.stop());

  const secret = async () => (await dataOf(cluster, 'secret', OPERATOR.namespace, SECRET)) ?? {};
  const serials = async () => (await Promise.all(replicas.map(shown))).map((one) => one?.serialNumber);
  const all = async (so: (serial: string | undefined) => boolean) => {
    const shownNow = await serials();
    return new Set(shownNow).size === 1 && so(shownNow[0]);
  };
  const accepted = async (ca: string, name: string) => {
    for (const one of replicas) assert.equal((await exchangeOver(one, proof, ca, name)).status, 200);
  };
  const patched = (kind: string, namespace: string, name: string, data: object | null) =>
    cluster.kubectl(['-n', namespace, 'patch', kind, name, '--type=merge', '-p', JSON.stringify({ data })]);

  it('three replicas that start at once agree on one CA, and whoever has the ConfigMap exchanges with each', async () => {
    assert.ok(await all((serial) => serial !== undefined));
    const made = replicas.flatMap(({ process }) => process.log(100_000).match(/a CA was made/g) ?? []);
    assert.equal(made.length, 1, 'the first create won');
    for (const namespace of [OPERATOR.namespace, 'ai']) {
      await until(LOOKED, async () => (await bundleIn(cluster, namespace)) !== '');
      for (const name of [SERVICE, 'localhost']) await accepted(await bundleIn(cluster, namespace), name);
    }
    await assert.rejects(exchangeOver(replicas[0]!, proof, await bundleIn(cluster, 'ai'), 'mint.example'), /altnames/);
    const stranger = await keepUp({ authorities: [] }, { names: [SERVICE], now: Date.now(), make });
    await assert.rejects(exchangeOver(replicas[0]!, proof, textsOf(stranger)['ca.crt'], SERVICE), /certificate/);
  });

  it('trustmint exchange takes the ConfigMap as its --ca-file', async () => {
    const [ca, token] = [join(cluster.dir, 'ca.crt'), join(cluster.dir, 'proof')];
    await writeFile(ca, await bundleIn(cluster, 'ai'));
    await writeFile(token, proof);
    const url = replicas[0]!.url.replace('127.0.0.1', 'localhost');
    const args = ['exchange', '--url', url, '--proof-file', token, '--ca-file', ca, '--inspect'];
    const { code, out, err } = await runToEnd(process.execPath, [join(ROOT, 'src/main.ts'), ...args], ROOT, {});
    assert.equal(code, 0, err);
    assert.match(out, /tenant = ai/);
  });

  it('the end of the certificate is a metric, and every replica says that it is well', async () => {
    const leaf = (await shown(replicas[0]!))!;
    for (const { ops } of replicas) {
      const metrics = await (await fetch(`${ops}/metrics`)).text();
      const [, until] = /^trustmint_tls_certificate_expiry_timestamp_seconds (\d+)$/m.exec(metrics) ?? [];
      assert.equal(Number(until) * 1000, Date.parse(leaf.validTo));
      assert.deepEqual((await get(`${ops}/readyz/tls`)).body.checks, [{ name: 'tls', ok: true }]);
    }
  });

  it('the Secret, deleted or damaged, is soon back as it was, and nobody is served another certificate', async () => {
    const [before, [serial]] = [await secret(), await serials()];
    for (const harm of [
      () => cluster.kubectl(['-n', OPERATOR.namespace, 'delete', 'secret', SECRET]),
      () => patched('secret', OPERATOR.namespace, SECRET, { 'ca.key': null, 'tls.key': 'AAAA' }),
      () => patched('secret', OPERATOR.namespace, SECRET, { 'ca.crt': '', 'ca.key': '', 'tls.crt': '', 'tls.key': '' }),
    ]) {
      await harm();
      await until(LOOKED, async () => JSON.stringify(sorted(await secret())) === JSON.stringify(sorted(before)));
      assert.ok(await all((one) => one === serial));
    }
  });

  it('an emptied ConfigMap is filled again', async () => {
    const before = await bundleIn(cluster, 'ai');
    await patched('configmap', 'ai', CONFIG_MAP, null);
    assert.equal(await bundleIn(cluster, 'ai'), '');
    await until(LOOKED, async () => (await bundleIn(cluster, 'ai')) === before);
  });

  it('an upgrade that adds a name: all replicas serve it, old and new, by the CA that clients have', async () => {
    const ca = await bundleIn(cluster, 'ai');
    const [serial] = await serials();
    clocked = await startClocked(cluster, [`--tls-self-signed=${SERVICE},other.trustmint-system.svc`, ...FLAGS]);
    replicas.push(clocked);
    await clocked.ready();
    await until(LOOKED, () => all((one) => one !== serial));
    for (const name of [SERVICE, 'localhost', 'other.trustmint-system.svc']) await accepted(ca, name);
    assert.equal(await bundleIn(cluster, 'ai'), ca);
  });

  it('a replica whose clock is 61 days ahead renews nothing, and goes on serving what is stored', async () => {
    const [before, [serial]] = [await secret(), await serials()];
    clocked.setClock(61 * DAY);
    await until(LOOKED, async () => (await get(`${clocked.ops}/readyz/clock`)).status === 503);
    // Twice as long as it takes to look.
    await sleep(21_000);
    assert.deepEqual(await secret(), before);
    assert.equal((await shown(clocked))?.serialNumber, serial);
    clocked.setClock(0);
    await clocked.ready();
  });

  it('what was made 61 days ago is renewed by the same CA, and every replica takes it up without a restart', async () => {
    const then = Date.now() - 61 * DAY;
    const old = await keepUp(
      { authorities: [] },
      { names: [SERVICE, 'localhost', 'other.trustmint-system.svc'], now: then, make },
    );
    const texts = textsOf(old);
    const pids = replicas.map(({ process }) => process.pid);
    const reloads = () => replicas.map(({ process }) => process.log(100_000).split('certificate was made').length);
    const before = reloads();
    const encoded = Object.fromEntries(KEYS.map((key) => [key, Buffer.from(texts[key]).toString('base64')]));
    await patched('secret', OPERATOR.namespace, SECRET, encoded);
    await until(LOOKED, async () => (await bundleIn(cluster, 'ai')) === texts['ca.crt']);
    const [{ certificate: ca }] = old.authorities as [Authority];
    await until(LOOKED, async () => {
      const now = await Promise.all(replicas.map(shown));
      return now.every((one) => one?.checkIssued(ca) && one.serialNumber === now[0]?.serialNumber);
    });
    for (const name of [SERVICE, 'localhost']) await accepted(texts['ca.crt'], name);
    const leaf = (await shown(replicas[0]!))!;
    assert.ok(Date.parse(leaf.validTo) > Date.now() + 89 * DAY);
    assert.equal((await decoded())['ca.crt'], texts['ca.crt'], 'the CA is not due');
    assert.equal(readCertificates(await decoded()).leaf?.certificate.serialNumber, leaf.serialNumber);
    const renewals = reloads().reduce((sum, count, i) => sum + count - before[i]!, 0);
    assert.ok(renewals <= 2, `${renewals} made it: more than one of each version`);
    assert.deepEqual(
      pids,
      replicas.map(({ process }) => process.pid),
    );
  });

  it('without the right to its Secret, or its ConfigMap, it says so: not ready, and ready with a warning', async () => {
    const poor = await startSecure(cluster, [NAMES, '--tls-secret=of-others', '--ca-namespaces=nowhere']);
    const check = async () => JSON.stringify((await get(`${poor.ops}/readyz/tls`)).body);
    await until(LOOKED, async () => (await check()).includes('cannot read Secret of-others: RBAC missing'));
    assert.equal((await get(`${poor.ops}/readyz`)).status, 503);
    assert.equal(await shown(poor), undefined);
    await poor.process.stop();
    const warned = await startSecure(cluster, [NAMES, '--ca-namespaces=ai,nowhere']);
    await warned.ready();
    await until(LOOKED, async () =>
      JSON.stringify((await get(`${warned.ops}/readyz`)).body).includes(
        'ConfigMap nowhere/trustmint-ca cannot be filled',
      ),
    );
    await warned.process.stop();
  });

  it('no log, status, ConfigMap or metric has a private key', async () => {
    const keys = [(await decoded())['ca.key']!, (await decoded())['tls.key']!].map((pem) => pem.split('\n')[1]!);
    for (const { process, ops } of replicas) {
      const told = [process.log(1_000_000), await (await fetch(`${ops}/metrics`)).text()].join('\n');
      for (const one of [...keys, 'PRIVATE KEY']) assert.ok(!told.includes(one));
    }
    for (const namespace of [OPERATOR.namespace, 'ai'])
      assert.doesNotMatch(JSON.stringify(await dataOf(cluster, 'configmap', namespace, CONFIG_MAP)), /PRIVATE/);
  });

  async function decoded() {
    const data = await secret();
    return Object.fromEntries(KEYS.map((key) => [key, Buffer.from(data[key] ?? '', 'base64').toString()]));
  }
});

const make = certificateMaker({ random: (n) => randomBytes(n) });

const sorted = (data: Data) => Object.entries(data).toSorted(([a], [b]) => (a < b ? -1 : 1));
