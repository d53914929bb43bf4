import assert from 'node:assert/strict';
import { type Operator, OWN_ISSUER } from '../cluster/index.ts';
import { exchange, get, policy, post } from '../serve-support.ts';
import { nothingFor, watchman } from './watchman.ts';
import {
  createWorld,
  eventually,
  guarded,
  readiness,
  says,
  signedProof,
  standing,
  TYPES,
  type World,
} from './world.ts';

/** Seconds, far below what anybody would choose: the pulse keeps every collection younger. */
const MAX_STALENESS = 15;
/** Milliseconds until a reflector that waits between two tries has tried again, and read all. */
const RECOVERED = 60_000;

describe('The control plane on bad days', () => {
  let world: World;
  let operator: Operator;
  /** Proofs of one account: reviewed by the API server, and by signature alone. And of one that no policy is for. */
  let reviewed: string;
  let signed: string;
  let stranger: string;

  before(async () => {
    world = await createWorld();
    await world.cluster.apply([
      ...(await standing()),
      ...guarded('watched'),
      policy('team-b', 'watched', 'agent', {}, { resources: ['watched'] }),
    ]);
    world.pulse();
    operator = await world.start(`--max-staleness=${MAX_STALENESS}s`);
    [reviewed, signed, stranger] = await Promise.all([
      world.proof('team-a', 'agent'),
      signedProof(),
      world.proof('team-a', 'stranger'),
    ]);
    await recovered();
  });
  after(() => world?.stop());

  // Whatever failed: the next test finds a control plane that runs.
  afterEach(async () => {
    await world.cluster.etcd.start();
    await world.cluster.apiserver.start();
  });

  /** All that was granted before is granted again, and every kind is followed: who met two outages waits up to 30 s. */
  async function recovered(): Promise<void> {
    await eventually(200, () => exchange(operator, signed), RECOVERED);
    await eventually(200, () => exchange(operator, reviewed), RECOVERED);
    await says(/^200 .*"name":"policies","ok":true\}/, () => readiness(operator), RECOVERED);
    assert.ok(operator.process.pid, 'it never restarted');
  }

  it('the API server gone for longer than --max-staleness: 503, while verifying goes on; back, it mends itself', async () => {
    const proxy = await world.proof('gateway', 'proxy', OWN_ISSUER);
    const other = await world.proof('team-b', 'agent');
    const { body } = await eventually(200, () => exchange(operator, other, { resource: 'watched' }));
    const verify = () => post(`${operator.url}/api/mint/verify`, { token: body.token, resource: 'watched' }, proxy);
    assert.equal((await eventually(200, verify)).body.active, true);
    const watch = nothingFor(operator, stranger);
    await world.cluster.apiserver.stop();
    await eventually(503, () => exchange(operator, reviewed));
    assert.equal((await exchange(operator, signed)).status, 200, 'nobody need be asked about it');
    const stale = await eventually(503, () => exchange(operator, signed), (MAX_STALENESS + 10) * 1_000);
    assert.equal(stale.body.error, 'temporarily_unavailable');
    await says(/^503 .*no sign of life for \d+ s/, () => readiness(operator));
    const verified = await verify();
    assert.equal(verified.body.active, true, JSON.stringify(verified.body));
    assert.ok((verified.body.stale_seconds as number) >= MAX_STALENESS);
    assert.equal((await get(`${operator.ops}/healthz`)).status, 200, 'restarting it would mend nothing');
    await world.cluster.apiserver.start();
    await recovered();
    assert.equal((await watch.relieve()).has(503), true);
  });

  it('the API server killed under load: no wrong grant, and what changed meanwhile is known within seconds', async () => {
    await world.cluster.apply([policy('team-b', 'leaver', 'stranger')]);
    const leaver = await world.proof('team-b', 'stranger');
    await eventually(200, () => exchange(operator, leaver));
    const watches = [nothingFor(operator, stranger), ...many(10, () => exchange(operator, signed), [200, 503])];
    await world.admin.delete(TYPES.TrustPolicy, 'leaver', 'team-b');
    // Whether or not the watch could still tell of the deletion.
    await world.cluster.apiserver.restart();
    await eventually(403, () => exchange(operator, leaver), RECOVERED);
    await recovered();
    const gone = nothingFor(operator, leaver);
    await world.cluster.apply([policy('team-b', 'late', 'agent')]);
    await eventually(200, async () => exchange(operator, await world.proof('team-b', 'agent')), RECOVERED);
    for (const watch of [...watches, gone]) await watch.relieve();
  });

  /** So many who ask all the time, whose answers are of these statuses. */
  const many = (count: number, ask: Parameters<typeof watchman>[0], statuses: readonly number[]) =>
    Array.from({ length: count }, () => watchman(ask, ({ status }) => !statuses.includes(status)));

  it('etcd restarted: grants go on throughout, and changes come through afterwards', async () => {
    const watches = [nothingFor(operator, stranger), ...many(1, () => exchange(operator, signed), [200])];
    await world.cluster.etcd.restart();
    await world.cluster.apiserver.ready();
    await recovered();
    for (const watch of watches) await watch.relieve();
    await edits('restarted');
  });

  it('etcd frozen: grants go on until the view is too old, and again once it is thawed', async () => {
    const watch = nothingFor(operator, stranger);
    world.cluster.etcd.signal('SIGSTOP');
    try {
      assert.equal((await exchange(operator, signed)).status, 200);
      await eventually(503, () => exchange(operator, signed), (MAX_STALENESS + 10) * 1_000);
      await says(/^503 .*no sign of life for \d+ s/, () => readiness(operator));
    } finally {
      world.cluster.etcd.signal('SIGCONT');
    }
    await world.cluster.apiserver.ready();
    await recovered();
    await watch.relieve();
    await edits('frozen');
  });

  /** A policy applied, and deleted again, is served, and is not. */
  async function edits(name: string): Promise<void> {
    const proof = await world.proof('team-b', 'stranger');
    await eventually(403, () => exchange(operator, proof));
    await world.cluster.apply([policy('team-b', name, 'stranger')]);
    await eventually(200, () => exchange(operator, proof));
    await world.cluster.kubectl(['-n', 'team-b', 'delete', 'tpol', name]);
    await eventually(403, () => exchange(operator, proof));
    await nothingFor(operator, proof).relieve();
  }
});
