import assert from 'node:assert/strict';
import { policySpec, raw, trustPolicy } from '../support.ts';
import { keeping } from './support.ts';

describe('what was dead', () => {
  for (const [spec, lasts] of [
    [{ policy: 'pol' }, true],
    [{ grant: 'gid' }, true],
    [{ policy: 'pol', issuedBefore: '2020-01-01T00:00:00Z' }, false],
    [{ token: 'jti-1' }, false],
  ] as const) {
    it(`${lasts ? 'never lives again' : 'is kept as long as it can be alive'} where ${Object.keys(spec)} without an end went with its namespace`, async () => {
      const k = keeping();
      const creationTimestamp = '2026-01-01T00:00:00Z';
      const dead = raw('TokenRevocation', 'team-a', 'dead', spec, { creationTimestamp });
      await k.w.sync({ tokenrevocations: [dead] });
      await k.lead();
      k.w.of('tokenrevocations').remove(dead);
      await k.pass(60_000);
      const [{ expiresAt = '' } = {}, ...more] = k.written();
      assert.deepEqual(more, []);
      const hours = (Date.parse(expiresAt) - k.w.clock.now()) / 3_600_000;
      assert.equal(hours > 1_000, lasts, expiresAt);
      assert.ok(hours > 25);
      await k.close();
    });
  }

  for (const finalized of [true, false]) {
    it(`is kept dead where it goes with its policy, and people are ${finalized ? 'told: its finalizer should have done it' : 'not alarmed: there is no finalizer'}`, async () => {
      const k = keeping({}, {}, { finalized: () => finalized });
      k.namespace('team-a');
      const policy = trustPolicy('team-a', 'p', policySpec('agent', { deletionPolicy: 'Revoke' }));
      await k.w.sync({ trustpolicies: [policy] });
      await k.lead();
      k.w.of('trustpolicies').remove(policy);
      await k.pass(10_000);
      assert.equal(k.written().length, 1);
      const isAlarmed = k.logged.some((line) => line.startsWith('error'));
      assert.equal(isAlarmed, finalized);
      await k.close();
    });
  }
});
