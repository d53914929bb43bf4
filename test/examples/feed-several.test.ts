import assert from 'node:assert/strict';
import fc from 'fast-check';
import { entry, type FakeMint, feedWorld } from './mint.ts';

describe('The feed of a gateway with several mints', () => {
  let w: ReturnType<typeof feedWorld>;
  async function begin(count: number) {
    w = feedWorld(count);
    await w.feed.start();
    return w.mints;
  }
  afterEach(() => w.feed.stop());

  it('goes on with those that answer', async () => {
    const mints = await begin(3);
    mints[0]!.fault = mints[2]!.fault = () => new Error('down');
    mints[1]!.entries = [entry('g')];
    await w.seconds(700);
    assert.equal(w.state(), 'fresh');
    assert.ok(w.killed('g'));
  });

  it('one that is behind revives nothing, and what it alone knows counts until all know better', async () => {
    const [one, other] = (await begin(2)) as [FakeMint, FakeMint];
    one.entries = [entry('known')];
    await w.seconds(10);
    other.stale = 300;
    for (let i = 0; i < 20; i += 1) {
      await w.seconds(5);
      assert.ok(w.killed('known'), `poll ${i}`);
    }
    // A new one that has reached the other alone, while one of its kinds is quiet.
    one.stale = other.stale = 45;
    other.entries = [entry('known'), entry('new')];
    await w.seconds(10);
    for (let i = 0; i < 20; i += 1) {
      await w.seconds(5);
      assert.ok(w.killed('known') && w.killed('new'), `poll ${i}`);
    }
    one.entries = other.entries = [];
    await w.seconds(20);
    assert.ok(w.killed('new'), 'nobody has said yet that it went after it was there');
    await w.seconds(60);
    assert.ok(!w.killed('known') && !w.killed('new'), 'an undo');
  });

  it('never loses an entry that every view newer than it has, whatever order the answers come in', async () => {
    const event = fc.record({ mint: fc.nat(2), lag: fc.integer({ min: 0, max: 90 }), change: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const mints = await begin(3);
        const { clock } = w;
        /** What was true when: [second, entries]. */
        const history: [number, string[]][] = [[0, []]];
        let learnt: { value: string; at: number }[] = [];
        for (const { mint, lag, change } of events) {
          const second = clock.monotonic() / 1000;
          const last = history.at(-1)![1];
          const value = `v${change}`;
          history.push([second, last.includes(value) ? last.filter((v) => v !== value) : [...last, value]]);
          mints[mint]!.stale = lag;
          for (const one of mints) {
            const seen = history.filter(([at]) => at <= second - one.stale).at(-1)?.[1] ?? [];
            one.entries = seen.map((v) => entry(v));
          }
          const before = mints.map(({ seen }) => seen.length);
          await clock.advance(5_000);
          const answered = mints.findIndex(({ seen }, i) => seen.length > before[i]!);
          assert.notEqual(answered, -1);
          const { stale, entries } = mints[answered]!;
          const values = entries.map((e) => (e as { value: string }).value);
          const at = clock.monotonic() / 1000;
          learnt = [
            ...learnt.filter((l) => !values.includes(l.value) && at - stale - 1 < l.at),
            ...values.map((v) => ({ value: v, at })),
          ];
          for (const { value: v } of learnt) assert.ok(w.killed(v), v);
        }
        w.feed.stop();
      }),
      { numRuns: 100 },
    );
  });
});
