import assert from 'node:assert/strict';
import type { Operator } from '../cluster/index.ts';
import { type Ending, eventually, giving, lastOf, startEnding, statusOf, TAKEN_OVER } from '../deletion-support.ts';
import { type KillingProxy, killingProxy } from './killing-proxy.ts';

/** The writes of a deletion, in their order. */
const WRITES = [
  'POST trustmint-system/tokenrevocations',
  'PATCH team-a/trustpolicies/status',
  'POST team-a/events',
  'PATCH team-a/trustpolicies',
];

describe('The leader is killed at each write of a deletion', () => {
  let e: Ending;
  const proxies = new Map<Operator, KillingProxy>();
  before(async function () {
    this.timeout(300_000);
    e = await startEnding(0);
    for (let n = 0; n < 2; n += 1) await another();
  });
  after(async function () {
    this.timeout(120_000);
    for (const proxy of proxies.values()) proxy.close();
    await e?.stop();
  });

  async function another(): Promise<void> {
    const proxy = await killingProxy(e.cluster);
    proxies.set(await e.startReplica([], proxy.kubeconfig), proxy);
  }

  for (const [step, what] of WRITES.entries())
    for (const when of ['before', 'after'] as const)
      it(`${when} «${what}»: the next one finishes, the token is dead all the while, one TokenRevocation is left`, async () => {
        const name = `p${step}-${when}`;
        await e.cluster.apply([giving(name, 'agent', { deletionPolicy: 'Revoke' })]);
        const { metadata } = await e.held(name);
        const token = await e.token('agent', 'team-a', e.replicas.at(-1));
        const seen = await e.watch('team-a');
        const first = await e.leader();
        const [second] = e.replicas.filter((one) => one !== first);
        // What went before it is written by then: a status, an Event.
        await eventually('its status', async () =>
          /Active/.test(await e.cluster.kubectl(['-n', 'team-a', 'get', 'tpol', name])),
        );
        let writes = 0;
        const done: string[] = [];
        proxies.get(first)!.onWrite = (at, write) => {
          if (writes > step) return 'cut';
          // What the TokenRevocation's own status takes comes when it will.
          if (!WRITES.includes(write)) return 'on';
          if (at === 'before') done.push(write);
          const isIt = at === when && writes === step;
          if (at === 'after' || isIt) writes += 1;
          if (!isIt) return 'on';
          void first.process.stop('SIGKILL');
          return 'cut';
        };
        await e.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', name, '--wait=false']);
        await eventually('dead at the other', async () => (await e.isActive(token, second!)) === false);
        await eventually('it was killed', async () => first.process.pid === undefined);
        assert.deepEqual(done, WRITES.slice(0, step + 1));
        const revived: unknown[] = [];
        await eventually(
          'the next one finishes',
          async () => {
            if ((await e.isActive(token, second!)) === true) revived.push(new Date());
            return seen.some(({ type, object }) => type === 'DELETED' && object.metadata.uid === metadata.uid);
          },
          TAKEN_OVER,
        );
        await e.gone(name);
        for (let n = 0; n < 10; n += 1) if ((await e.isActive(token, second!)) === true) revived.push(new Date());
        assert.deepEqual(revived, []);
        const { phase, revokedAt, tokensValidUntil } = statusOf(lastOf(seen, metadata.uid));
        assert.equal(phase, 'Revoked');
        assert.ok(revokedAt && tokensValidUntil);
        assert.equal((await e.tombstones(metadata.uid)).length, 1);
        const told = (await e.events(metadata.uid)).filter(({ reason }) => reason === 'Deleted');
        assert.equal(told.length, 1);
        const records = e.audited(metadata.uid);
        assert.ok(records.length >= 1 && records.every(({ action }) => action === 'deleted'));
        e.replicas.splice(e.replicas.indexOf(first), 1);
        await another();
      }).timeout(120_000);
});
