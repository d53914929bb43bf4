import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject, ResourceType } from '../../../src/kube/types.ts';
import { OPERATOR, type Operator, OWN_ISSUER, until } from '../cluster/index.ts';
import { type Answer, exchange, policy, post } from '../serve-support.ts';
import { type Watchman, watchman } from './watchman.ts';
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

const HOUR = 3_600_000;
const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };
/** Milliseconds: a Lease that is given up is taken within seconds, one that is not renewed after 15 s. */
const LED_WITHIN = 40_000;
const WAYS = ['state', 'before', 'token'] as const;

/** A replica whose wall clock a test sets. */
interface Clocked extends Operator {
  set(offsetMs: number): void;
  restart(): Promise<void>;
}

describe('Clocks an hour apart', () => {
  let world: World;
  let replicas: Clocked[];
  let signed: string;
  let agent: string;
  let proxy: string;

  before(async () => {
    world = await createWorld();
    await world.cluster.apply([...(await standing()), ...guarded('watched')]);
    replicas = [await clocked('a'), await clocked('b'), await clocked('c')];
    [signed, agent, proxy] = await Promise.all([
      signedProof(),
      world.proof('team-b', 'agent'),
      world.proof('gateway', 'proxy', OWN_ISSUER),
    ]);
  });
  after(() => world?.stop());

  async function clocked(name: string): Promise<Clocked> {
    const file = join(world.cluster.dir, `clock-${name}`);
    const set = (offsetMs: number) => writeFileSync(file, String(offsetMs));
    set(0);
    const operator = await withClock(file, () => world.start());
    return { ...operator, set, restart: () => withClock(file, () => operator.process.restart()) };
  }

  /** What is started within has its wall clock as the file says. */
  async function withClock<T>(file: string, start: () => Promise<T>): Promise<T> {
    process.env.TEST_CLOCK_JUMP = file;
    process.env.NODE_OPTIONS = `--import=${join(import.meta.dirname, 'clock-jump.ts')}`;
    try {
      return await start();
    } finally {
      delete process.env.NODE_OPTIONS;
      delete process.env.TEST_CLOCK_JUMP;
    }
  }

  /** Who leads by its own account; a line of its log says so whenever that changes. */
  const leading = () =>
    replicas.filter((one) => {
      const said = one.process
        .log(100_000)
        .match(/^\S+ info (?:leads|follows) /gm)
        ?.at(-1);
      return said?.includes(' leads ') ?? false;
    });
  async function oneLeads(of: readonly Clocked[]): Promise<Clocked> {
    await until(LED_WITHIN, async () => leading().length === 1 && of.includes(leading()[0]!)).catch(() =>
      assert.fail(`${leading().length} lead`),
    );
    return leading()[0]!;
  }

  const verify = (replica: Operator, token: unknown): Promise<Answer> =>
    post(`${replica.url}/api/mint/verify`, { token, resource: 'watched' }, proxy);

  /** No answer of any replica gives a token of another hour. */
  const noOtherHour = (): Watchman[] =>
    replicas.map((replica) =>
      watchman(
        () => exchange(replica, signed),
        ({ status, body }) =>
          status === 200 && Math.abs(Date.parse(String(body.expires_at)) - Date.now() - HOUR) > 10_000,
      ),
    );

  const noneAlive = (tokens: readonly unknown[]): Watchman[] =>
    replicas.flatMap((replica) =>
      tokens.map((token) =>
        watchman(
          () => verify(replica, token),
          ({ status, body }) => status === 200 && body.active === true,
        ),
      ),
    );

  const patch = (type: ResourceType, name: string, body: object) =>
    world.admin.patch(type, name, 'team-b', 'merge', body);
  const read = (name: string): Promise<KubeObject> => world.admin.get(TYPES.TrustPolicy, name, 'team-b');
  type Status = { revokedAt?: string; conditions?: { type: string; status: string; lastTransitionTime: string }[] };
  const revoked = ({ status }: KubeObject) =>
    (status as Status | undefined)?.conditions?.find(({ type, status: is }) => type === 'Revoked' && is === 'True');

  for (const [what, offsets] of [
    ['the leader ahead, another behind', (isLeader: boolean, nth: number) => (isLeader ? HOUR : nth === 1 ? -HOUR : 0)],
    ['the leader behind, another ahead', (isLeader: boolean, nth: number) => (isLeader ? -HOUR : nth === 1 ? HOUR : 0)],
    [
      'the leader right, one ahead and one behind',
      (isLeader: boolean, nth: number) => (isLeader ? 0 : nth === 1 ? HOUR : -HOUR),
    ],
  ] as const) {
    it(`${what}: what is revoked is accepted nowhere, nothing is minted of another hour, and the one that is right goes on`, async () => {
      const prefix = what.replaceAll(/[^a-z]+/g, '-');
      const first = await oneLeads(replicas);
      const others = replicas.filter((one) => one !== first);
      const tokens = new Map<(typeof WAYS)[number], Answer['body']>();
      for (const way of WAYS) {
        await world.cluster.apply([policy('team-b', `${prefix}-${way}`, 'agent', {}, { resources: ['watched'] })]);
        const granted = await eventually(200, () => exchange(first, agent, { resource: 'watched' }));
        tokens.set(way, granted.body);
        for (const replica of replicas) {
          await until(LED_WITHIN, async () => (await verify(replica, granted.body.token)).body.active === true);
        }
        // The next one is of the next policy.
        if (way !== 'token') await patch(TYPES.TrustPolicy, `${prefix}-${way}`, { spec: { audience: 'nobody-s' } });
        await until(LED_WITHIN, async () => (await exchange(first, agent)).status !== 200 || way === 'token');
      }
      const watches = noOtherHour();
      for (const one of replicas) one.set(offsets(one === first, others.indexOf(one) + 1));
      const right = replicas.filter((one) => offsets(one === first, others.indexOf(one) + 1) === 0);
      const wrong = replicas.filter((one) => !right.includes(one));
      for (const one of wrong) {
        await eventually(503, () => exchange(one, signed));
        await eventually(503, () => verify(one, tokens.get('token')!.token));
        await says(/^503 .*"failed":\[[^\]]*"clock"/, () => readiness(one));
        await says(/36\d\d s (behind|ahead of) the API server|359\d s (behind|ahead of) the API server/, () =>
          readiness(one),
        );
      }
      // Whose clock was set forward lists all anew; from then on it knows what happens as soon as the others.
      for (const one of wrong) await says(/"freshness","ok":true/, () => readiness(one));
      await sleep(1_100);
      const at = Date.now();
      await patch(TYPES.TrustPolicy, `${prefix}-state`, { spec: { state: 'Revoked' } });
      const revokeIssuedBefore = new Date(at).toISOString().replace(/\.\d+/, '');
      await patch(TYPES.TrustPolicy, `${prefix}-before`, { spec: { revokeIssuedBefore } });
      await world.cluster.apply([
        {
          apiVersion: 'trustmint.dev/v1alpha1',
          kind: 'TokenRevocation',
          metadata: { name: prefix, namespace: 'team-b' },
          spec: { grant: tokens.get('token')!.grant_id },
        },
      ]);
      for (const { token } of tokens.values()) {
        for (const replica of right)
          await until(LED_WITHIN, async () => (await verify(replica, token)).body.active === false);
      }
      watches.push(...noneAlive([...tokens.values()].map(({ token }) => token)));
      // Only who is right leads, and says when it was.
      await oneLeads(right);
      await until(LED_WITHIN, async () => revoked(await read(`${prefix}-state`)) !== undefined);
      const object = await read(`${prefix}-state`);
      for (const time of [revoked(object)!.lastTransitionTime, (object.status as Status).revokedAt ?? '']) {
        assert.ok(Date.parse(time) >= at - 2_000 && Date.parse(time) <= Date.now() + 2_000, `${time} at ${at}`);
      }
      for (const one of right) {
        assert.equal((await exchange(one, signed)).status, 200);
        await says(/^200 /, () => readiness(one));
      }
      const lease = await world.admin.get(LEASES, 'trustmint', OPERATOR.namespace);
      const renewed = Date.parse((lease.spec as { renewTime: string }).renewTime);
      assert.ok(Math.abs(renewed - Date.now()) < 30_000, 'the Lease is renewed by one that is right');
      for (const one of replicas) one.set(0);
      for (const one of wrong) {
        await eventually(200, () => exchange(one, signed));
        await says(/^200 /, () => readiness(one));
        for (const [way, { token }] of tokens) assert.equal((await verify(one, token)).body.active, false, way);
      }
      await oneLeads(replicas);
      for (const watch of watches) await watch.relieve();
      for (const way of WAYS) await world.admin.delete(TYPES.TrustPolicy, `${prefix}-${way}`, 'team-b');
    });
  }

  it('minutes ahead, a replica serves with a warning, and what it mints dies by revokeIssuedBefore as that of others does', async () => {
    await world.cluster.apply([policy('team-b', 'minutes', 'agent', {}, { resources: ['watched'] })]);
    const [one] = replicas as [Clocked];
    one.set(4 * 60_000);
    await says(/^200 .*240 s ahead of the API server|^200 .*2(39|41) s ahead of the API server/, () => readiness(one));
    const { body } = await eventually(200, () => exchange(one, agent, { resource: 'watched' }));
    assert.ok(Math.abs(Date.parse(String(body.expires_at)) - Date.now() - HOUR) < 5_000, String(body.expires_at));
    await Promise.all(
      replicas.map((replica) => says(/"active":true/, async () => JSON.stringify(await verify(replica, body.token)))),
    );
    await sleep(3_000);
    const revokeIssuedBefore = new Date().toISOString().replace(/\.\d+/, '');
    await patch(TYPES.TrustPolicy, 'minutes', { spec: { revokeIssuedBefore } });
    for (const replica of replicas)
      await until(LED_WITHIN, async () => (await verify(replica, body.token)).body.active === false);
    one.set(0);
    await world.admin.delete(TYPES.TrustPolicy, 'minutes', 'team-b');
  });

  it('a replica that starts with a clock that is wrong serves nothing until it is right', async () => {
    const [one] = replicas as [Clocked];
    one.set(HOUR);
    await one.restart();
    const watches = noOtherHour();
    await says(/^503 .*"clock"/, () => readiness(one));
    await eventually(503, () => exchange(one, signed));
    one.set(0);
    await one.ready();
    await eventually(200, () => exchange(one, signed));
    for (const watch of watches) await watch.relieve();
  });
});
