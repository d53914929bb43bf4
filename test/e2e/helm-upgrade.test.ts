import assert from 'node:assert/strict';
import { startLoad } from './helm-load.ts';
import { AGENTS, CHART, type HelmWorld, NAMESPACE, startHelmWorld, tenants } from './helm-world.ts';

describe('the chart, upgraded and rolled back', () => {
  let w: HelmWorld;
  let early: string[];
  before(async function () {
    this.timeout(180_000);
    w = await startHelmWorld();
    await w.install();
    await w.cluster.apply(tenants);
    early = await Promise.all(AGENTS.map((name) => w.token(name)));
  });
  after(async function () {
    this.timeout(60_000);
    await w?.stop();
  });

  const pods = async () =>
    (await w.cluster.kubectl(['get', 'pods', '-n', NAMESPACE, '-o', 'jsonpath={.items[*].metadata.uid}'])).split(' ');
  const args = async () =>
    await w.cluster.kubectl(['get', 'deployment', 'trustmint', '-n', NAMESPACE, '-o', 'jsonpath={..args}']);

  /** Under load: not one exchange fails, and what was given before is good after. */
  async function rolled(what: string, ...command: string[]): Promise<void> {
    const before = new Set(await pods());
    const end = await startLoad(w);
    const { seconds } = await w.helm(...command, '--wait', '--timeout=120s');
    await w.cluster.kubectl(['rollout', 'status', 'deployment/trustmint', '-n', NAMESPACE, '--timeout=60s']);
    // Those that were told to stop are gone too.
    const old = async () => (await pods()).filter((uid) => before.has(uid));
    while ((await old()).length > 0) await new Promise((resolve) => setTimeout(resolve, 200));
    const { asked, slowest, failures } = await end();
    console.log(
      `      ${what}: ${seconds.toFixed(1)} s, ${asked} exchanges meanwhile, the slowest took ${slowest.toFixed(0)} ms, ${failures.length} failed`,
    );
    assert.deepEqual(failures, []);
    assert.ok(asked > 100, `${asked}`);
    for (const token of early) assert.equal(await w.isActive(token), true);
  }

  it('upgrade: every Pod is another, no exchange fails meanwhile, and tokens of before are good', async () => {
    await rolled('upgrade', 'upgrade', 'trustmint', CHART, '--set=config.maxTtl=2h');
    assert.match(await args(), /--max-ttl=2h/);
  }).timeout(240_000);

  it('rollback: likewise', async () => {
    await rolled('rollback', 'rollback', 'trustmint', '1');
    assert.doesNotMatch(await args(), /--max-ttl/);
  }).timeout(240_000);

  it('an upgrade that cannot work leaves the Pods that do, and a rollback ends it', async () => {
    const end = await startLoad(w);
    const failed = await w.tryHelm(
      'upgrade',
      'trustmint',
      CHART,
      '--set=extraArgs={--no-such-flag}',
      '--wait',
      '--timeout=10s',
    );
    assert.notEqual(failed.code, 0);
    const shown = await w.cluster.kubectl(['get', 'pods', '-n', NAMESPACE, '--no-headers']);
    assert.equal(shown.split('\n').filter((line) => /1\/1 +Running/.test(line)).length, 2, shown);
    await w.helm('rollback', 'trustmint', '--wait', '--timeout=60s');
    const { failures } = await end();
    assert.deepEqual(failures, []);
  }).timeout(180_000);
});
