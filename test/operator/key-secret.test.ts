import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { KeyRingError, openKeyRing } from '../../src/keyring/index.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import { KEYS_CREATED, KEYS_SECRET, KeySecret, LEASE, openKeys } from '../../src/operator/index.ts';
import { quickJwtKeys } from '../keyring/support.ts';
import { apiFailure, MemoryClient, MemoryServer } from '../kube/support/memory-client.ts';
import { FakeClock } from '../support/fake-clock.ts';

const namespace = 'trustmint';
const SECRETS: ResourceType = { group: '', version: 'v1', plural: 'secrets', namespaced: true };
const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };

function replica(server: MemoryServer, more: Partial<Parameters<typeof openKeyRing>[0]> = {}, faults = {}) {
  const client = new MemoryClient(server, faults);
  const clock = new FakeClock();
  const store = new KeySecret({ client, namespace });
  const random = (n: number) => new Uint8Array(randomBytes(n));
  const options = { store, clock, random, makeJwtKeys: quickJwtKeys, maxTtl: 86_400, ...more };
  return { client, clock, store, options, open: () => openKeyRing(options) };
}

const secretOf = (server: MemoryServer): Promise<KubeObject> =>
  new MemoryClient(server).get(SECRETS, KEYS_SECRET, namespace);
const removeSecret = (server: MemoryServer) => new MemoryClient(server).delete(SECRETS, KEYS_SECRET, namespace);
/** The id of the ring that is stored. */
const ringId = async (server: MemoryServer) => {
  const { data } = (await secretOf(server)) as unknown as { data: Record<string, string> };
  return (JSON.parse(Buffer.from(data['keys.json']!, 'base64').toString()) as { id: string }).id;
};
const isCode = (code: string) => (error: unknown) => error instanceof KeyRingError && error.code === code;

describe('keys in a Secret', () => {
  it('the first of several replicas makes them, and all have the same', async () => {
    const server = new MemoryServer();
    const rings = await Promise.all([1, 2, 3].map(() => replica(server).open()));
    const kids = new Set(rings.map((ring) => ring.active().kid));
    assert.equal(kids.size, 1);
    const [kid = ''] = kids;
    const keys = rings.map((ring) => Buffer.from(ring.rootKey(kid, 'default')!).toString('hex'));
    assert.equal(new Set(keys).size, 1);
    const lease = await new MemoryClient(server).get(LEASES, LEASE, namespace);
    assert.equal(lease.metadata.annotations?.[KEYS_CREATED], await ringId(server));
    for (const ring of rings) await ring.close();
  });

  it('one Secret and one Lease are written, of the own namespace, and nothing else is asked for', async () => {
    const server = new MemoryServer();
    const ring = await replica(server).open();
    const asked = new Set(server.calls.map((call) => `${call.plural}/${call.namespace}/${call.name}`));
    assert.deepEqual([...asked].sort(), ['leases/trustmint/trustmint', 'secrets/trustmint/trustmint-keys']);
    const { data } = (await secretOf(server)) as { data?: Record<string, string> } & KubeObject;
    assert.deepEqual(Object.keys(data ?? {}), ['keys.json']);
    await ring.close();
  });

  it('a Lease that is held keeps its holder when it is marked', async () => {
    const server = new MemoryServer();
    const spec = { holderIdentity: 'pod-1', leaseDurationSeconds: 15 };
    await new MemoryClient(server).create(LEASES, { metadata: { name: LEASE }, spec }, namespace);
    const ring = await replica(server).open();
    const lease = await new MemoryClient(server).get(LEASES, LEASE, namespace);
    assert.deepEqual(lease.spec, spec);
    assert.equal(lease.metadata.annotations?.[KEYS_CREATED], await ringId(server));
    await ring.close();
  });

  it('a Secret that was deleted is written back with the same keys, by whoever leads', async () => {
    const server = new MemoryServer();
    let leads = false;
    const problems: string[] = [];
    const onProblem = (error: KeyRingError) => void problems.push(error.code);
    const one = replica(server, { mayWrite: () => leads, onProblem });
    const ring = await one.open();
    const before = (await secretOf(server)).data;
    await removeSecret(server);
    await ring.tick();
    assert.equal(ring.problem()?.code, 'keys_lost', 'a follower says so');
    await assert.rejects(secretOf(server), { status: 404 });
    leads = true;
    await ring.tick();
    assert.deepEqual((await secretOf(server)).data, before);
    assert.equal(ring.problem(), undefined);
    await ring.close();
  });

  it('damaged ones are told from lost ones, named by what is wrong, and written back', async () => {
    const server = new MemoryServer();
    const ring = await replica(server).open();
    const stored = await secretOf(server);
    for (const data of [{}, { 'keys.json': 'e30=' }, { 'keys.json': Buffer.from('nonsense').toString('base64') }]) {
      const now = await secretOf(server);
      await new MemoryClient(server).replace(SECRETS, { ...now, data }, KEYS_SECRET, namespace);
      await assert.rejects(replica(server).store.load(), isCode('keys_damaged'));
      await ring.tick();
      assert.deepEqual((await secretOf(server)).data, stored.data);
    }
    await ring.close();
  });

  it('a write that was overtaken changes nothing', async () => {
    const server = new MemoryServer();
    const ring = await replica(server).open();
    const first = (await replica(server).store.load())!;
    const rival = replica(
      server,
      {},
      {
        // Between what it reads and what it writes another writes.
        async before({ verb, plural }: { verb: string; plural: string }) {
          if (verb !== 'replace' || plural !== 'secrets') return;
          const now = await secretOf(server);
          await new MemoryClient(server).replace(SECRETS, now, KEYS_SECRET, namespace);
        },
      },
    );
    assert.equal(await rival.store.save({ ...first, revision: first.revision + 1 }, first.revision), false);
    assert.equal((await replica(server).store.load())?.revision, first.revision);
    assert.equal(
      await replica(server).store.save({ ...first, revision: 9 }, first.revision + 1),
      false,
      'another revision',
    );
    assert.equal(await replica(server).store.save({ ...first, revision: 2 }, first.revision), true);
    await ring.close();
  });

  it('a leader that stood still while another led on does not write older keys back over newer ones', async () => {
    const server = new MemoryServer();
    const ring = await replica(server).open();
    const other = replica(server);
    const ours = (await other.store.load())!;
    const first = await secretOf(server);
    await removeSecret(server);
    const { id, keys } = ours;
    const { store } = replica(
      server,
      {},
      {
        // It saw that they are gone; before it looks again another has put them back, and rotated.
        async before({ verb, plural }: { verb: string; plural: string }) {
          if (verb !== 'get' || plural !== 'secrets' || server.calls.some((call) => call.verb === 'replace')) return;
          const { resourceVersion: _, uid: __, ...metadata } = first.metadata;
          await new MemoryClient(server).create(SECRETS, { ...first, metadata }, namespace);
          assert.equal(await other.store.save({ id, keys, revision: 2 }, 1), true);
        },
      },
    );
    await assert.rejects(store.restore(ours), isCode('keys_conflict'));
    assert.equal((await other.store.load())?.revision, 2);
    await ring.close();
  });

  it('rights that are missing are named, without a word of the keys', async () => {
    const before = () => {
      throw apiFailure(403, 'Forbidden');
    };
    await assert.rejects(replica(new MemoryServer(), {}, { before }).store.load(), {
      code: 'keys_unavailable',
      message: `cannot read Secret ${KEYS_SECRET}: RBAC missing`,
    });
  });
});

describe('a replica that waits for its keys', () => {
  it('never makes new ones where there were some once; it is ready when they are put back', async () => {
    const server = new MemoryServer();
    const ring = await replica(server).open();
    const secret = await secretOf(server);
    await ring.close();
    await removeSecret(server);

    const late = replica(server);
    const told: string[] = [];
    const keys = openKeys({ ...late.options, onProblem: ({ code }) => void told.push(code) });
    await late.clock.advance(60_000);
    assert.equal(keys.ready(), false);
    assert.equal(keys.problem()?.code, 'keys_lost');
    assert.match(
      keys.problem()?.message ?? '',
      /put it back, or take trustmint\.dev\/keys-created off Lease trustmint/,
    );
    assert.deepEqual(told, ['keys_lost'], 'said once');
    assert.deepEqual(keys.resourceKeys('default'), []);
    assert.equal(keys.rootKey('k', 'default'), undefined);
    assert.throws(() => keys.active(), isCode('keys_lost'));

    const { resourceVersion: _, uid: __, ...metadata } = secret.metadata;
    await new MemoryClient(server).create(SECRETS, { ...secret, metadata }, namespace);
    await late.clock.advance(5_000);
    assert.equal(keys.ready(), true);
    assert.equal(keys.problem(), undefined);
    assert.equal(keys.active().kid, ring.active().kid);
    await keys.close();
    assert.equal(late.clock.pending, 0);
  });

  it('makes new ones when the mark is taken off the Lease', async () => {
    const server = new MemoryServer();
    const ring = await replica(server).open();
    await ring.close();
    await removeSecret(server);
    const late = replica(server);
    const keys = openKeys(late.options);
    await late.clock.advance(0);
    assert.equal(keys.ready(), false);
    await new MemoryClient(server).patch(LEASES, LEASE, namespace, 'merge', {
      metadata: { annotations: { [KEYS_CREATED]: null } },
    });
    await late.clock.advance(5_000);
    assert.equal(keys.ready(), true);
    assert.notEqual(keys.active().kid, ring.active().kid);
    await keys.close();
  });

  it('goes on trying while the API server is out of reach', async () => {
    let down = true;
    const before = () => {
      if (down) throw apiFailure(0, 'NetworkError');
    };
    const late = replica(new MemoryServer(), {}, { before });
    const keys = openKeys(late.options);
    await late.clock.advance(20_000);
    assert.equal(keys.problem()?.code, 'keys_unavailable');
    down = false;
    await late.clock.advance(5_000);
    assert.equal(keys.ready(), true);
    await keys.close();
  });
});
