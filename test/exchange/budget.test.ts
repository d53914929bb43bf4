import assert from 'node:assert/strict';
import { agents, cluster, type World, world } from './support.ts';

const HOUR = 3600_000;
const rule = (issue: object, name = 'all') =>
  agents([{ name, match: { serviceAccount: '*' }, issue: { budgetCredits: 10, ttl: '8h', ...issue } }]);

/** The `kubernetes.io` claim of another workload. */
function workload(account: { name?: string; uid?: string; pod?: string; namespace?: string }) {
  const { name = 'research-agent', uid = 'sa-uid', pod = 'pod-uid', namespace = 'ai-agents' } = account;
  return {
    sub: `system:serviceaccount:${namespace}:${name}`,
    'kubernetes.io': { namespace, serviceaccount: { name, uid }, pod: { name: `${name}-0`, uid: pod } },
  };
}

describe('budgets survive rotation: the grant id', () => {
  let w: World;
  beforeEach(async () => {
    w = await world([rule({})]);
  });
  const gid = async (account: Parameters<typeof workload>[0] = {}, request = {}) =>
    (await w.granted(request, 'kubernetes', workload(account))).grantId;

  it('is 16 bytes in base64url', async () => {
    assert.match(await gid(), /^[A-Za-z0-9_-]{22}$/);
  });

  it('is the same for every exchange and every proof of one workload, whatever the request asks for', async () => {
    const first = await gid();
    await w.clock.advance(1000);
    assert.equal(await gid({}, { ttl: 60 }), first, 'a shorter ttl buys no new window');
    assert.equal(await gid({}, { budgetCredits: 1, caveats: ['tool = x'] }), first);
    assert.equal(await gid({ pod: 'another' }), first, 'nor does another pod');
  });

  it('P20: is another for another workload, also one of the same name made anew', async () => {
    const first = await gid();
    assert.notEqual(await gid({ name: 'other', uid: 'other-uid' }), first);
    assert.notEqual(await gid({ uid: 'sa-uid-2' }), first);
  });

  it('is another for another rule, policy or tenant', async () => {
    const seen = new Set([await gid()]);
    w.serve(rule({}, 'renamed'));
    seen.add(await gid());
    w.serve(agents([{ name: 'all', match: { serviceAccount: '*' }, issue: { ttl: '8h' } }], {}, 'another'));
    seen.add(await gid());
    const of = (tenant: string) =>
      cluster('kubernetes', [{ name: 'all', match: { namespace: 'ai-agents' }, issue: { ttl: '8h' } }], { tenant });
    w.serve(of('acme'));
    seen.add(await gid());
    w.serve(of('umbrella'));
    seen.add(await gid());
    assert.equal(seen.size, 5);
  });

  it('is another in the next window, which is the ttl where the rule says nothing', async () => {
    const first = await gid();
    await w.clock.advance(8 * HOUR - 1000);
    assert.equal(await gid(), first);
    await w.clock.advance(1000);
    assert.notEqual(await gid(), first);
  });

  it('follows budgetWindow: of an hour, and for ever with Lifetime', async () => {
    w.serve(rule({ budgetWindow: '1h' }));
    const first = await gid();
    await w.clock.advance(HOUR - 1);
    assert.equal(await gid(), first);
    await w.clock.advance(1);
    assert.notEqual(await gid(), first);
    w.serve(rule({ budgetWindow: 'Lifetime' }));
    const ever = await gid();
    await w.clock.advance(1000 * HOUR);
    assert.equal(await gid(), ever);
  });

  it('budgetPer Instance gives each pod its own, and Rule one to all that the rule matches', async () => {
    w.serve(rule({ budgetPer: 'Instance' }));
    assert.notEqual(await gid({ pod: 'a' }), await gid({ pod: 'b' }));
    assert.equal(await gid({ pod: 'a' }), await gid({ pod: 'a' }));
    w.serve(rule({ budgetPer: 'Rule' }));
    assert.equal(await gid({ pod: 'a' }), await gid({ name: 'other', uid: 'other-uid', pod: 'b' }));
  });

  it('of a workflow is one per run: two runs two grants, two exchanges or attempts of one run one, for ever', async () => {
    w.serve(
      cluster('github', [{ match: { repository: 'acme-corp/ai-pipeline' }, issue: { budgetCredits: 5 } }], {
        tenant: 'acme',
      }),
    );
    const run = async (claims: object) => (await w.granted({}, 'github', { ...claims })).grantId;
    const first = await run({ run_id: '1' });
    assert.equal(await run({ run_id: '1', run_attempt: '2' }), first);
    assert.notEqual(await run({ run_id: '2' }), first);
    await w.clock.advance(48 * HOUR);
    assert.equal(await run({ run_id: '1' }), first);
  });
});
