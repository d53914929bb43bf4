import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RefusalLimiter, type Suppressed } from '../../src/audit/refusal-limiter.ts';
import { FakeClock } from '../support/fake-clock.ts';

function setup(over: { maxKeys?: number; maxSummaries?: number } = {}) {
  const clock = new FakeClock();
  const summaries: Suppressed[] = [];
  const onSuppressed = (s: Suppressed) => summaries.push(s);
  const limits = { perSecond: 3, maxKeys: 50, maxSummaries: 5, ...over };
  return { clock, summaries, limiter: new RefusalLimiter({ clock, ...limits, onSuppressed }) };
}

describe('refusal limiter', () => {
  it('stays bounded under a flood of identities, and still counts every refusal', async () => {
    const { clock, limiter, summaries } = setup();
    let written = 0;
    for (let i = 0; i < 4000; i++) if (limiter.admit(`key-${i % 1000}`)) written++;
    assert.equal(written, 51 * 3, 'the 50 that are told apart, and all others together');
    await clock.advance(1000);
    assert.equal(summaries.length, 6);
    assert.equal(summaries.at(-1)!.of, '(others)');
    assert.equal(written + summaries.reduce((sum, s) => sum + s.count, 0), 4000);
    assert.equal(clock.pending, 0);
  });

  it('cuts long keys', async () => {
    const { clock, limiter, summaries } = setup();
    for (let i = 0; i < 4; i++) limiter.admit('k'.repeat(100_000));
    await clock.advance(1000);
    assert.equal(summaries[0]!.of.length, 512);
  });

  it('writes or counts each refusal exactly once, and never more than allowed within its second', async () => {
    const step = fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.integer({ min: 0, max: 1500 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, limiter, summaries } = setup();
        const written = new Map<string, number>();
        const asked = new Map<string, number>();
        for (const s of steps) {
          if (typeof s === 'number') await clock.advance(s);
          else {
            asked.set(s, (asked.get(s) ?? 0) + 1);
            if (limiter.admit(s)) written.set(s, (written.get(s) ?? 0) + 1);
          }
        }
        limiter.flush();
        for (const [key, count] of asked) {
          const counted = summaries.filter((s) => s.of === key).reduce((sum, s) => sum + s.count, 0);
          assert.equal((written.get(key) ?? 0) + counted, count);
          assert.ok((written.get(key) ?? 0) <= 3 * Math.ceil(clock.monotonic() / 1000 + 1));
        }
        assert.equal(clock.pending, 0);
      }),
      { numRuns: 100 },
    );
  });
});
