import assert from 'node:assert/strict';
import { type Operator, until } from '../cluster/index.ts';
import { exchange, get, policy } from '../serve-support.ts';
import { nothingFor } from './watchman.ts';
import { createWorld, eventually, guardrail, resource, says, standing, TYPES, type World } from './world.ts';

/** How many policies are applied at once, and how many of those writes are under way at a time. */
const MANY = 10_000;
const AT_ONCE = 100;

describe('Bad input in a cluster', () => {
  let world: World;
  let operator: Operator;
  let agent: string;
  let stranger: string;

  before(async () => {
    world = await createWorld();
    await world.cluster.apply(await standing());
    operator = await world.start();
    [agent, stranger] = await Promise.all([world.proof('team-a', 'agent'), world.proof('team-a', 'stranger')]);
    await eventually(200, () => exchange(operator, agent));
  });
  after(() => world?.stop());

  const get_ = (args: string[]) => world.cluster.kubectl(['get', ...args]);
  const remove = (kind: string, ...args: string[]) => world.cluster.kubectl(['delete', kind, ...args]);
  /** `status reason: message` of a condition. */
  const condition = (kind: string, args: string[], type: string) => {
    const one = `.status.conditions[?(@.type=="${type}")]`;
    return get_([kind, ...args, '-o', `jsonpath={${one}.status} {${one}.reason}: {${one}.message}`]);
  };

  it('a policy that does not compile gives nothing and says where it is wrong; the others go on', async () => {
    const watch = nothingFor(operator, stranger);
    await world.cluster.apply([
      resource('theirs', { audience: 'theirs', grantableFrom: { namespaces: ['team-b'] } }),
      policy('team-a', 'broken', 'stranger', {}, { resources: ['default', 'theirs'] }),
      policy('team-a', 'template', 'stranger', {}, { labelTemplate: '{{ .Claims.sub' }),
      policy('team-b', 'good', 'agent'),
    ]);
    await eventually(200, async () => exchange(operator, await world.proof('team-b', 'agent')));
    const args = (name: string) => ['-n', 'team-a', name];
    await says(/^False ResourceNotGrantable: spec\.trustRules\[0\]/, () =>
      condition('tpol', args('broken'), 'Accepted'),
    );
    await says(/^False InvalidTemplate: spec\.trustRules\[0\]/, () => condition('tpol', args('template'), 'Accepted'));
    assert.match(await get_(['tpol', '-n', 'team-a', 'broken']), /^broken +False +Invalid /m);
    assert.match(await get_(['tpol', '-n', 'team-b', 'good']), /^good +True +Active /m);
    assert.equal((await exchange(operator, agent)).body.policy, 'team-a/agents');
    // Mended, it is served like any other.
    await watch.relieve();
    await world.cluster.apply([policy('team-a', 'broken', 'stranger')]);
    await eventually(200, () => exchange(operator, stranger));
    await remove('tpol', '-n', 'team-a', 'broken', 'template');
    await remove('pres', 'theirs');
  });

  it('two resources that claim one audience or one scope are both out, until one of them gives way', async () => {
    const open = { grantableFrom: { namespaces: ['*'] } };
    await world.cluster.apply([
      resource('first', { ...open, audience: 'mine', scopes: ['read'] }),
      policy('team-a', 'first', 'stranger', {}, { resources: ['first'], scopes: ['read'] }),
    ]);
    const ask = () => exchange(operator, stranger, { resource: 'first' });
    await eventually(200, ask);
    for (const [name, claim] of Object.entries({
      'same-audience': { audience: 'mine' },
      'same-scope': { audience: 'other', scopes: ['read'] },
    })) {
      await world.cluster.apply([resource(name, { ...open, ...claim })]);
      await says(/^False \w+: .*first/, () => condition('pres', [name], 'Accepted'));
      await says(new RegExp(`^False \\w+: .*${name}`), () => condition('pres', ['first'], 'Accepted'));
      const refused = await ask();
      assert.equal(refused.status, 403, JSON.stringify(refused.body));
      await says(/^False /, () => condition('tpol', ['-n', 'team-a', 'first'], 'ResolvedRefs'));
      assert.equal((await exchange(operator, agent)).status, 200, 'whoever names neither goes on');
      await remove('pres', name);
      await eventually(200, ask);
    }
    await remove('tpol', '-n', 'team-a', 'first');
    await remove('pres', 'first');
  });

  it('policies of one name in two namespaces are two: each gives its own tenant, and each ends alone', async () => {
    const other = await world.proof('team-b', 'agent');
    await world.cluster.apply(['team-a', 'team-b'].map((namespace) => policy(namespace, 'twin', 'agent')));
    const { body } = await eventually(200, () => exchange(operator, other));
    assert.ok((body.caveats as string[]).includes('tenant = team-b'));
    assert.ok(((await exchange(operator, agent)).body.caveats as string[]).includes('tenant = team-a'));
    await remove('tpol', '-n', 'team-b', 'twin', 'good');
    await eventually(403, () => exchange(operator, other));
    assert.equal((await exchange(operator, agent)).status, 200);
    await remove('tpol', '-n', 'team-a', 'twin');
  });

  it('P47: a TrustPolicy that names another namespace never reaches its accounts, and says that it may not', async () => {
    const victim = await world.proof('team-b', 'agent');
    const watch = nothingFor(operator, victim);
    const rules = (match: object) => ({ trustRules: [{ name: 'agents', match, issue: { ttl: '1h' } }] });
    await world.cluster.apply([
      policy('team-a', 'thief', '', rules({ namespace: 'team-b', serviceAccount: 'agent' })),
      policy('team-a', 'thief-of-all', '', rules({ namespace: '**', serviceAccount: 'agent' })),
    ]);
    for (const name of ['thief', 'thief-of-all'])
      await says(/^False NamespaceNotAllowed: /, () => condition('tpol', ['-n', 'team-a', name], 'Ready'));
    await watch.relieve();
    await remove('tpol', '-n', 'team-a', 'thief', 'thief-of-all');
  });

  it('ten thousand policies at once: it stays up, serves them all, and no other is given what one denies', async function () {
    this.timeout(240_000);
    const { admin } = world;
    const name = (i: number) => `many-${String(i).padStart(5, '0')}`;
    const denying = guardrail('no-strangers', { namespace: 'team-a', serviceAccount: 'stranger' });
    await world.cluster.apply([denying]);
    await eventually(403, () => exchange(operator, stranger));
    const watch = nothingFor(operator, stranger);
    const began = performance.now();
    let next = 0;
    const write = async () => {
      for (let i = next++; i < MANY; i = next++) {
        // One in ten would give what is denied.
        const object = policy('team-a', name(i), i % 10 === 0 ? 'stranger' : `agent-${i}`);
        await admin.create(TYPES.TrustPolicy, object, 'team-a');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, write));
    const written = performance.now();
    const rules = async () => {
      const text = await (await fetch(`${operator.ops}/metrics`)).text();
      return Number(/^trustmint_\w*rules\w* (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    await until(60_000, async () => (await rules()) >= MANY);
    const served = performance.now();
    const seconds = (ms: number) => (ms / 1000).toFixed(1);
    console.log(
      `      ${MANY} policies written in ${seconds(written - began)} s, all served ${seconds(served - written)} s later`,
    );
    await watch.relieve();
    assert.equal((await exchange(operator, agent)).body.policy, 'team-a/agents');
    // Statuses are written at a rate that leaves the API server to others: all of them take minutes.
    await says(/^many-00000 +True +Active /m, () => get_(['tpol', '-n', 'team-a', name(0)]), 60_000);
    await remove('ctpol', 'no-strangers');
    await eventually(200, () => exchange(operator, stranger));
    assert.equal((await get(`${operator.ops}/healthz`)).status, 200);
    assert.ok(operator.process.pid, 'it never restarted');
  });
});
