import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, ResourceType } from '../../../src/kube/types.ts';
import { OPERATOR, type Operator, until } from '../cluster/index.ts';
import { exchange, policy } from '../serve-support.ts';
import { nothingFor, watchman } from './watchman.ts';
import { createWorld, eventually, readiness, says, signedProof, standing, TYPES, type World } from './world.ts';

const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };
/** Milliseconds: a Lease that is not renewed is another's after 15 s. */
const LED_WITHIN = 40_000;
const HOURS = 3_600_000;

describe('Replicas on bad days', () => {
  let world: World;
  let agent: string;

  before(async () => {
    world = await createWorld();
    await world.cluster.apply(await standing());
    agent = await world.proof('team-a', 'agent');
  });
  after(() => world?.stop());

  it('an object deleted while nobody ran is never served by who starts afterwards', async () => {
    const operator = await world.start();
    await world.cluster.apply([policy('team-a', 'gone', 'stranger')]);
    const stranger = await world.proof('team-a', 'stranger');
    await eventually(200, () => exchange(operator, stranger));
    await operator.process.stop();
    await world.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'gone', '--wait=false']);
    const watch = nothingFor(operator, stranger);
    await operator.process.start();
    await operator.ready();
    await eventually(200, () => exchange(operator, agent));
    assert.equal((await exchange(operator, stranger)).body.error, 'no_matching_policy');
    await watch.relieve();
    await operator.process.stop('SIGTERM');
  });

  it('P48: who starts while there are many policies serves all of them or none', async () => {
    const many = Array.from({ length: 600 }, (_, i) => policy('team-b', `many-${i}`, `agent-${i}`));
    const write = (object: object) => world.admin.create(TYPES.TrustPolicy, object, 'team-b');
    await Promise.all(many.map(write));
    await write(policy('team-b', 'zz-last', 'agent'));
    const last = await world.proof('team-b', 'agent');
    const operator = await world.start();
    assert.equal((await exchange(operator, last)).status, 200, 'ready means that all is read');
    await operator.process.stop();
    const watches = [last, agent].map((proof) =>
      watchman(
        () => exchange(operator, proof),
        ({ status }) => status !== 200 && status !== 503,
      ),
    );
    await operator.process.start();
    await operator.ready();
    await eventually(200, () => exchange(operator, last));
    for (const watch of watches) await watch.relieve();
    await operator.process.stop('SIGTERM');
    const names = [...many.map(({ metadata }) => metadata.name), 'zz-last'];
    await Promise.all(names.map((name) => world.admin.delete(TYPES.TrustPolicy, name, 'team-b')));
  });

  const holder = async () =>
    ((await world.admin.get(LEASES, 'trustmint', OPERATOR.namespace)).spec as { holderIdentity?: string })
      .holderIdentity ?? '';

  /** Two replicas, the first of which leads. */
  async function two(): Promise<[Operator, Operator]> {
    const first = await world.start();
    await says(/"?leads"?/, () => first.process.log(1_000), LED_WITHIN);
    return [first, await world.start()];
  }

  const observed = ({ status }: KubeObject) =>
    (status as { observedGeneration?: number } | undefined)?.observedGeneration;

  it('two leaders for a moment: who slept past its Lease writes nothing when it wakes, and serves what is true', async () => {
    const [first, second] = await two();
    await world.cluster.apply([policy('team-a', 'contested', 'stranger')]);
    const read = () => world.admin.get(TYPES.TrustPolicy, 'contested', 'team-a');
    await until(LED_WITHIN, async () => observed(await read()) === 1);
    const was = await holder();
    const stranger = await world.proof('team-a', 'stranger');
    await eventually(200, () => exchange(first, stranger));
    first.process.signal('SIGSTOP');
    try {
      // The sleeper has this in its sockets when it wakes: a generation about which it never wrote.
      await world.cluster.apply([policy('team-a', 'contested', 'stranger', { state: 'Suspended' })]);
      await until(LED_WITHIN, async () => (await holder()) !== was && (await holder()) !== '');
      await until(LED_WITHIN, async () => observed(await read()) === 2);
      await world.cluster.apply([policy('team-a', 'contested', 'nobody')]);
      await until(LED_WITHIN, async () => observed(await read()) === 3);
      await until(LED_WITHIN, async () => (await read()).metadata.finalizers !== undefined);
    } finally {
      first.process.signal('SIGCONT');
    }
    const written = (await read()).metadata.resourceVersion;
    const now = await holder();
    await says(/"?follows"?/, () => first.process.log(1_000));
    await eventually(403, () => exchange(first, stranger));
    const watches = [first, second].map((replica) => nothingFor(replica, stranger));
    await eventually(200, () => exchange(first, agent));
    assert.equal((await read()).metadata.resourceVersion, written, 'one leader wrote last, and nobody after it');
    assert.equal(await holder(), now);
    assert.match(
      await world.cluster.kubectl(['-n', 'team-a', 'get', 'tpol', 'contested']),
      /^contested +True +Active /m,
    );
    for (const watch of watches) await watch.relieve();
    await first.process.stop('SIGTERM');
    await second.process.stop('SIGTERM');
    await world.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'contested', '--wait=false']);
  });

  it('a clock that jumps: that replica serves nothing and leads no more; the others go on, and it does too when it is right', async () => {
    const jump = join(world.cluster.dir, 'clock-jump');
    writeFileSync(jump, '0');
    process.env.TEST_CLOCK_JUMP = jump;
    let jumping: Operator;
    try {
      process.env.NODE_OPTIONS = `--import=${join(import.meta.dirname, 'clock-jump.ts')}`;
      jumping = await world.start();
    } finally {
      delete process.env.NODE_OPTIONS;
      delete process.env.TEST_CLOCK_JUMP;
    }
    await says(/"?leads"?/, () => jumping.process.log(1_000), LED_WITHIN);
    const steady = await world.start();
    const signed = await signedProof();
    let leader = await holder();
    for (const hours of [2, -2]) {
      await eventually(200, () => exchange(jumping, signed));
      writeFileSync(jump, String(hours * HOURS));
      await eventually(503, () => exchange(jumping, signed));
      const watch = nothingFor(jumping, signed);
      assert.equal((await exchange(steady, signed)).status, 200);
      await says(/^503 .*"clock"/, () => readiness(jumping));
      if (hours > 0) {
        await until(LED_WITHIN, async () => !['', leader].includes(await holder()));
        leader = await holder();
      }
      const name = `jumped-${hours + 2}`;
      await world.cluster.apply([policy('team-a', name, 'stranger')]);
      await until(LED_WITHIN, async () => observed(await world.admin.get(TYPES.TrustPolicy, name, 'team-a')) === 1);
      assert.equal(await holder(), leader, 'it stays with the one that is right');
      await watch.relieve();
      writeFileSync(jump, '0');
      await eventually(200, () => exchange(jumping, signed));
      await says(/^200 /, () => readiness(jumping));
    }
    assert.ok(jumping.process.pid, 'it never restarted');
  });
});
