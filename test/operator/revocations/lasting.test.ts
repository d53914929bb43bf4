import assert from 'node:assert/strict';
import { raw } from '../support.ts';
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
});
