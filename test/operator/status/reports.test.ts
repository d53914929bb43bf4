import assert from 'node:assert/strict';
import { reportStatus } from '../../../src/operator/index.ts';
import { changed, policySpec, raw, trustPolicy } from '../support.ts';
import { reported } from './support.ts';

describe('linting what is served', () => {
  it('takes at most a twentieth of the time, and statuses do not wait for it', async () => {
    const r = reported();
    await r.w.sync();
    r.lintTakes = 500;
    await r.lead();
    assert.equal(r.linted, 1);
    const one = trustPolicy('ai', 'p');
    await r.apply(one);
    assert.equal(r.condition(one, 'Ready').status, 'True');
    assert.equal(r.linted, 1, 'its turn has not come');
    for (let second = 0; second < 40; second += 1) {
      await r.apply(trustPolicy('ai', `q${second}`));
      await r.pass(900);
    }
    assert.ok(r.linted >= 3 && r.linted <= 6, `${r.linted} times in 40 s`);
    const before = r.linted;
    await r.pass(20_000);
    assert.ok(r.linted <= before + 1, 'and then it rests');
  });

  it('is about the generation that was linted: of a later one nothing is said before its turn', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    const all = trustPolicy('ai', 'a', policySpec('*'));
    const one = trustPolicy('ai', 'b', policySpec('agent'));
    r.lintTakes = 500;
    await r.apply(all, one);
    assert.match(r.condition(one, 'Accepted').message, /Unreachable/);
    await r.apply(changed(one, { spec: policySpec('agent', { state: 'Suspended' }) }));
    assert.equal(r.condition(one, 'Accepted').message, 'the object is valid');
    await r.pass(20_000);
    assert.match(r.condition(one, 'Accepted').message, /Unreachable/);
  });

  it('is not done again for a revocation: the policies are the same', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    const before = r.linted;
    await r.apply(
      raw('TokenRevocation', 'ai', 'dead', { token: 'jti' }, { creationTimestamp: '2026-01-01T00:00:00Z' }),
    );
    await r.pass(60_000);
    assert.equal(r.linted, before);
  });

  it('is not done by replicas that do not lead', async () => {
    const r = reported();
    await r.w.sync();
    await r.apply(trustPolicy('ai', 'p'));
    await r.pass(60_000);
    assert.equal(r.linted, 0);
  });

  it('that fails is logged, and takes no status with it', async () => {
    const r = reported();
    await r.w.sync();
    const logged: string[] = [];
    const { client, w } = r;
    const reporter = reportStatus({
      client,
      clock: w.clock,
      random: (n) => new Uint8Array(n),
      view: w.view,
      lint: () => {
        throw new TypeError('a mistake of ours');
      },
      isLeader: () => true,
      maxStaleness: 600,
      record: async () => {},
      instance: 'pod',
      log: (_, message) => logged.push(message),
    });
    const term = new AbortController();
    const work = reporter.lead(term.signal);
    const one = trustPolicy('ai', 'p');
    await r.apply(one);
    reporter.changed();
    await r.pass(1_000);
    assert.equal(r.condition(one, 'Ready').status, 'True');
    assert.deepEqual(logged, ['lint failed']);
    term.abort();
    await work;
    await reporter.close();
  });
});
