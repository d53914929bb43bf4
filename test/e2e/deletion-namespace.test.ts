import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ending, eventually, FINALIZER, giving, startEnding } from './deletion-support.ts';
import { account, namespaceNamed, TRUST_POLICIES } from './serve-support.ts';

const POLICIES = 1_000;
/** So many of them gave a token. */
const GIVERS = 8;
const CROWD = 'crowd';

describe('a namespace is deleted with 1,000 policies of deletionPolicy: Revoke', () => {
  let e: Ending;
  before(async function () {
    this.timeout(300_000);
    // Ending a namespace is a controller's work.
    e = await startEnding(3, { controllerManager: true });
  });
  after(async function () {
    this.timeout(120_000);
    await e?.stop();
  });

  const counted = async () => (await e.admin.list(TRUST_POLICIES, { namespace: CROWD })).items;

  it('in seconds; nothing is stuck, and what they gave dies on every replica and stays dead', async () => {
    await e.cluster.apply([
      namespaceNamed(CROWD),
      ...Array.from({ length: GIVERS }, (_, n) => account(CROWD, `agent-${n}`)),
    ]);
    const names = Array.from({ length: POLICIES }, (_, n) => `p${n}`);
    for (let at = 0; at < POLICIES; at += 50)
      await Promise.all(
        names.slice(at, at + 50).map((name, n) => {
          const object = giving(name, `agent-${at + n}`, { deletionPolicy: 'Revoke' }, CROWD);
          return e.admin.create(TRUST_POLICIES, object, CROWD);
        }),
      );
    const began = performance.now();
    await eventually(
      'every one has its finalizer',
      async () => (await counted()).every(({ metadata }) => metadata.finalizers?.includes(FINALIZER)),
      120_000,
    );
    const held = (performance.now() - began) / 1_000;
    const uids = (await counted()).map(({ metadata }) => metadata.uid);
    const tokens = await Promise.all(Array.from({ length: GIVERS }, (_, n) => e.token(`agent-${n}`, CROWD)));

    const dead = new Set<string>();
    const revived: string[] = [];
    let over = false;
    const watching = (async () => {
      for (; !over; await sleep(200))
        for (const [n, token] of tokens.entries())
          for (const [r, replica] of e.replicas.entries()) {
            const is = await e.isActive(token, replica);
            const id = `token ${n} at replica ${r}`;
            if (is === false) dead.add(id);
            if (is === true && dead.has(id)) revived.push(id);
          }
    })();
    const start = performance.now();
    const deleted = e.cluster.kubectl(['delete', 'namespace', CROWD, '--timeout=240s']);
    await eventually('no policy is left', async () => (await counted()).length === 0, 220_000);
    const went = (performance.now() - start) / 1_000;
    await deleted;
    const took = (performance.now() - start) / 1_000;
    await eventually('all are dead', async () => dead.size === GIVERS * e.replicas.length);
    over = true;
    await watching;
    assert.deepEqual(revived, []);
    console.log(
      `      ${POLICIES} finalizers put on within ${held.toFixed(1)} s; no policy was left after ${went.toFixed(1)} s, no namespace after ${took.toFixed(1)} s`,
    );
    assert.ok(took < 180, `${took} s`);
    const kept = new Set(
      (await e.admin.list({ ...TRUST_POLICIES, plural: 'tokenrevocations' }, {})).items.map(
        ({ spec }) => (spec as { policy?: string }).policy,
      ),
    );
    assert.equal(uids.filter((uid) => !kept.has(uid)).length, 0, 'each left its TokenRevocation');
    const records = e.replicas
      .flatMap((one) => one.process.log(1_000_000).split('\n'))
      .filter((line) => line.includes('"kind":"policy"') && line.includes('"deleted"'));
    assert.equal(uids.filter((uid) => !records.some((line) => line.includes(uid))).length, 0, 'each is in the audit');
  }).timeout(400_000);
});
