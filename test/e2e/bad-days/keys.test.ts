import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { makeJwtKeys, openKeyRing, serializeRing } from '../../../src/keyring/index.ts';
import { parseRing } from '../../../src/keyring/stored-ring.ts';
import type { ResourceType } from '../../../src/kube/types.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { OPERATOR, type Operator, OWN_ISSUER, startOperator, until } from '../cluster/index.ts';
import { exchange, get, policy, post } from '../serve-support.ts';
import { watchman } from './watchman.ts';
import { createWorld, eventually, guarded, readiness, says, standing, type World } from './world.ts';

const SECRETS: ResourceType = { group: '', version: 'v1', plural: 'secrets', namespaced: true };
const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };
const { namespace } = OPERATOR;
const NAME = 'trustmint-keys';
/** Milliseconds: the leader looks every 10 s; who waits for keys asks every 5. */
const RESTORED = 30_000;
/** Milliseconds until one leads, with time for a Lease that was not given back. */
const LED = 40_000;

describe('Keys on bad days', () => {
  let world: World;
  let replicas: Operator[];
  let agent: string;
  let gateway: string;
  let token: string;
  /** The Secret as it should be, and as it was before the last rotation. */
  let stored: string;
  let older: string;

  before(async () => {
    world = await createWorld();
    await world.cluster.apply([
      ...(await standing()),
      ...guarded('guarded'),
      policy('team-b', 'guarded', 'agent', {}, { resources: ['guarded'] }),
    ]);
    replicas = [await world.start(), await world.start()];
    agent = await world.proof('team-b', 'agent');
    gateway = await world.proof('gateway', 'proxy', OWN_ISSUER);
    token = await mint(replicas[0]!);
    older = await read();
    await says(/"?leads"?/, () => replicas[0]!.process.log(2_000), LED);
    await world.admin.patch(LEASES, 'trustmint', namespace, 'merge', {
      metadata: { annotations: { 'trustmint.dev/rotate-keys': 'by hand' } },
    });
    await until(RESTORED, async () => (await read()) !== older);
    stored = await read();
  });
  after(() => world?.stop());

  const mint = async (replica: Operator) =>
    (await eventually(200, () => exchange(replica, agent, { resource: 'guarded' }))).body.token as string;
  const verify = (replica: Operator, what = token) =>
    post(`${replica.url}/api/mint/verify`, { token: what, resource: 'guarded' }, gateway);
  const kids = async (replica: Operator) =>
    JSON.stringify(
      (await eventually(200, () => get(`${replica.url}/api/mint/keys?resource=guarded`, gateway))).body.keys,
    );

  const data = async () =>
    ((await world.admin.get(SECRETS, NAME, namespace)) as unknown as { data?: Record<string, string> }).data ?? {};
  const read = async () => Buffer.from((await data())['keys.json'] ?? '', 'base64').toString();
  const write = (text: string | null) =>
    world.admin.patch(SECRETS, NAME, namespace, 'merge', {
      data: { 'keys.json': text === null ? null : Buffer.from(text).toString('base64') },
    });
  const restored = () => until(RESTORED, async () => (await read().catch(() => '')) === stored);
  const restorals = () =>
    replicas.flatMap(({ process }) => process.log(1_000_000).match(/"action":"restored"/g) ?? []).length;

  const half = () => {
    const json = JSON.parse(stored) as { keys: unknown[] };
    json.keys.pop();
    return JSON.stringify(json);
  };
  /** A ring that is as good as ours, and not ours. */
  async function foreign(): Promise<string> {
    let text = '';
    const store = {
      load: async () => (text ? parseRing(text) : undefined),
      create: async (ring: Parameters<typeof serializeRing>[0]) => {
        text = serializeRing(ring);
        return true;
      },
      save: async () => false,
      restore: async () => {},
    };
    const random = (n: number) => new Uint8Array(randomBytes(n));
    await (await openKeyRing({ store, clock: new FakeClock(), random, makeJwtKeys, maxTtl: 60 })).close();
    return text;
  }

  const nonsense: readonly [string, RegExp, () => Promise<string | null> | string | null][] = [
    ['without its data', /has no keys\.json/, () => null],
    ['empty', /not JSON/, () => ''],
    ['no text at all', /not JSON/, () => '\u0000\uffff\u0001'],
    ['JSON of another shape', /not as it should be/, () => '{"keys":"mine"}'],
    ['cut off in the middle', /not JSON/, () => stored.slice(0, stored.length / 2)],
    ['without half of its keys', /not what was written/, half],
    ['that of another installation', /another installation/, foreign],
    ['an older copy', /an older copy/, () => older],
  ];
  for (const [what, said, spoil] of nonsense) {
    it(`the Secret, edited until it is ${what}: the same keys are written back, recorded, and nobody is refused`, async () => {
      const before = restorals();
      const watches = replicas.map((replica) =>
        watchman(
          () => verify(replica),
          ({ status, body }) => status !== 200 || body.active !== true,
        ),
      );
      await write(await spoil());
      await restored();
      await until(RESTORED, async () => restorals() === before + 1);
      await says(said, () => replicas.map(({ process }) => process.log(1_000_000)).join('\n'));
      for (const watch of watches) await watch.relieve();
      for (const replica of replicas) await says(/^200 /, () => readiness(replica));
      await until(RESTORED, async () => (await kids(replicas[0]!)) === (await kids(replicas[1]!)));
    });
  }

  it('the Secret, deleted: the same keys come back', async () => {
    await world.admin.delete(SECRETS, NAME, namespace);
    await restored();
    for (const replica of replicas) assert.equal((await verify(replica)).body.active, true);
  });

  it('one that starts while the Secret is damaged is not ready and says why; then it is, with the same keys', async () => {
    const [first, second] = replicas as [Operator, Operator];
    for (const one of [first, second]) one.process.signal('SIGSTOP');
    let late: Operator;
    try {
      await write('{"half":');
      late = await startOperator(world.cluster);
      await says(/^503 .*stored keys cannot be read: not JSON/, () => readiness(late));
      assert.equal((await exchange(late, agent, { resource: 'guarded' })).status, 503);
      assert.equal((await get(`${late.url}/oauth2/jwks`)).status, 503);
    } finally {
      for (const one of [first, second]) one.process.signal('SIGCONT');
    }
    // Even if the one without keys leads by now.
    await until(120_000, async () => (await read()) === stored);
    await late.ready();
    assert.equal(await kids(late), await kids(first));
    assert.equal((await verify(late)).body.active, true);
    await late.process.stop('SIGTERM');
  });

  it('all replicas gone and the Secret damaged or deleted: who starts is not ready, and makes no new keys', async () => {
    for (const replica of replicas) await replica.process.stop('SIGTERM');
    await write('nonsense');
    const late = await startOperator(world.cluster);
    await says(/^503 .*keys cannot be read: not JSON/, () => readiness(late), LED);
    await world.admin.delete(SECRETS, NAME, namespace);
    await says(/^503 .*is gone, though keys were created here: put it back, or take/, () => readiness(late), LED);
    await assert.rejects(read(), { status: 404 });
    assert.equal((await exchange(late, agent, { resource: 'guarded' })).status, 503);
    await world.admin.create(
      SECRETS,
      { metadata: { name: NAME }, data: { 'keys.json': Buffer.from(await foreign()).toString('base64') } },
      namespace,
    );
    await says(/^503 .*of another installation: put ours back/, () => readiness(late), LED);
    await write(stored);
    await late.ready();
    assert.equal((await verify(late)).body.active, true, 'a backup that was put back is what it was');
    await late.process.stop('SIGTERM');
  });

  it('the mark taken off, as documented, when the Secret is lost for good: new keys, and every old token is dead', async () => {
    await world.admin.delete(SECRETS, NAME, namespace);
    const late = await startOperator(world.cluster);
    await says(/^503 .*is gone/, () => readiness(late), LED);
    await world.cluster.kubectl(['-n', namespace, 'annotate', 'lease', 'trustmint', 'trustmint.dev/keys-created-']);
    await late.ready();
    assert.equal((await eventually(200, () => verify(late))).body.active, false);
    const fresh = await mint(late);
    assert.equal((await verify(late, fresh)).body.active, true);
    // What ran before comes back with the new keys alone.
    await replicas[0]!.process.start();
    await replicas[0]!.ready();
    assert.equal((await verify(replicas[0]!)).body.active, false);
    assert.equal((await verify(replicas[0]!, fresh)).body.active, true);
  });
});
