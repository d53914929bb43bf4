import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { CONFIG_MAPS, NAMESPACE, SECRET, SECRETS, World } from './support.ts';

const DAY = 86_400_000;

describe('the keeper of our certificates', () => {
  let w: World;
  beforeEach(async () => {
    w = await World.create();
  });
  afterEach(() => w.close());

  it('five replicas that start at once agree on one CA and one certificate, and clients find it in every namespace', async () => {
    const five = [1, 2, 3, 4, 5].map(() => w.keeper());
    for (const one of five) assert.equal(one.check().ok, false);
    await w.looked(...five);
    assert.ok(w.same());
    assert.equal(w.writes().length, 5, 'each tried to make it');
    assert.equal(w.logged.filter((line) => line.includes('a CA was made')).length, 1, 'one of them did');
    for (const one of five) assert.deepEqual(one.check(), { name: 'tls', ok: true });
    for (const namespace of [NAMESPACE, 'agents']) assert.ok(await w.accepted(five[0]!, namespace));
    const { metadata, data } = await w.client.get(CONFIG_MAPS, 'trustmint-ca', 'agents');
    assert.deepEqual([metadata.labels, (data as { other: string }).other], [{ kept: 'yes' }, 'stays']);
    const made = w.server.calls.filter(({ verb, plural }) => verb === 'create' && plural === 'configmaps');
    assert.equal(made.length, 2, 'those that were there before');
  });

  it('the Secret is of the type that others read, says whose it is, and is left alone while nothing is due', async () => {
    const one = w.keeper();
    await w.looked(one);
    const { type, metadata } = w.server.objects.get(SECRET)! as unknown as {
      type: string;
      metadata: { labels: object };
    };
    assert.equal(type, 'kubernetes.io/tls');
    assert.deepEqual(metadata.labels, {
      'app.kubernetes.io/name': 'trustmint',
      'app.kubernetes.io/managed-by': 'trustmint',
    });
    const before = w.writes().length;
    for (let i = 0; i < 50; i++) await w.clock.advance(10_000);
    assert.equal(w.writes().length, before);
  });

  it('is renewed by one of the replicas after 60 days, and every other takes it up without a restart', async () => {
    const three = [1, 2, 3].map(() => w.keeper());
    await w.looked(...three);
    const first = w.served(three[0]!).serialNumber;
    const changes = three.map((one) => {
      const seen: string[] = [];
      one.follow(({ cert }) => void seen.push(new X509Certificate(cert).serialNumber));
      return seen;
    });
    w.clock.jump(w.clock.now() + 60 * DAY);
    await w.pass(10_000, () => w.served(three[0]!).serialNumber !== first);
    await w.pass(10_000, () => w.same() && w.served(three[1]!).serialNumber !== first);
    for (const seen of changes) assert.deepEqual(seen, [w.served(three[0]!).serialNumber]);
    assert.ok(await w.accepted(three[0]!), 'by the CA that clients have');
    assert.equal(w.logged.filter((line) => line.includes('a TLS certificate was made')).length, 2);
  });

  for (const [what, harm] of [
    ['deleted', () => void w.server.objects.delete(SECRET)],
    ['emptied', () => w.put({ 'tls.crt': '', 'tls.key': '' })],
    ['emptied of all', () => w.put({ 'ca.crt': '', 'ca.key': '', 'tls.crt': '', 'tls.key': '' })],
    ['robbed of its CA key', () => w.put({ ...w.dataOf()!, 'ca.key': '' })],
    ['robbed of its CA', () => w.put({ ...w.dataOf()!, 'ca.crt': 'AAAA' })],
    ['not even base64', () => w.put({ 'ca.crt': '%%%', 'ca.key': '\u0000', 'tls.crt': '{}', 'tls.key': '!' })],
  ] as const) {
    it(`the Secret comes back as it was when it is ${what}`, async () => {
      const two = [w.keeper(), w.keeper()];
      await w.looked(...two);
      const before = { ...w.dataOf()! };
      harm();
      await w.clock.advance(10_000);
      assert.deepEqual(w.dataOf(), before);
      await w.pass(10_000, w.same);
      assert.match(w.logged.join('\n'), /warn Secret trustmint-tls was (gone|damaged): it is written back/);
    });
  }

  it('a Secret that was put back from a backup counts, and its CA is published', async () => {
    const first = w.keeper();
    await w.looked(first);
    const backup = { ...w.dataOf()! };
    await first.close();
    w.server.objects.delete(SECRET);
    const one = w.keeper();
    await w.looked(one);
    w.put(backup);
    await w.pass(10_000, w.same);
    assert.deepEqual(w.dataOf(), backup);
    assert.ok(await w.accepted(one));
  });

  it('when no replica remembers a damaged one, there is a new CA, and clients find it', async () => {
    const first = w.keeper();
    await w.looked(first);
    const ca = await w.bundle('agents');
    await first.close();
    w.put({ ...w.dataOf()!, 'ca.key': '', 'tls.key': '' });
    const one = w.keeper();
    await w.looked(one);
    assert.equal(one.check().ok, true);
    assert.notEqual(await w.bundle('agents'), ca);
    assert.ok((await w.bundle('agents')).includes(ca), 'beside the one whose certificate was left');
    await w.keeper().close();
    assert.equal(w.logged.filter((line) => line.includes('a CA was made')).length, 2);
  });

  it('a certificate of others in that Secret is neither served nor overwritten; whoever looks learns why', async () => {
    const data = { 'tls.crt': 'c29tZWJvZHk=', 'tls.key': 'ZWxzZQ==' };
    await w.client.create(SECRETS, { metadata: { name: 'trustmint-tls' }, data }, NAMESPACE);
    const one = w.keeper();
    await w.pass(30_000, () => w.logged.length > 0);
    assert.deepEqual(w.dataOf(), data);
    assert.equal(one.check().ok, false);
    assert.match(one.check().message!, /holds a certificate that is not ours: delete it, or name another/);
    w.server.objects.delete(SECRET);
    await w.clock.advance(10_000);
    await w.looked(one);
    assert.equal(one.check().ok, true);
  });

  it('with another name, an upgrade gets a leaf for it by the same CA; both versions are content with it', async () => {
    const old = w.keeper({ names: ['old.x.svc'] });
    await w.looked(old);
    const ca = await w.bundle('agents');
    const upgraded = w.keeper({ names: ['new.x.svc', 'newer.x.svc'] });
    await w.looked(upgraded);
    await w.pass(10_000, w.same);
    for (const name of ['new.x.svc', 'newer.x.svc', 'old.x.svc']) assert.ok(w.served(old).checkHost(name), name);
    assert.equal(await w.bundle('agents'), ca);
    assert.ok(await w.accepted(old));
    const before = w.writes().length;
    for (let i = 0; i < 20; i++) await w.clock.advance(10_000);
    assert.equal(w.writes().length, before, 'they do not take turns');
  });
});
