import assert from 'node:assert/strict';
import { Follower, watchDirectory } from '../../src/standalone/follow.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('watchDirectory', () => {
  it('does without the system’s notifications where there are none: the poll is what counts', () => {
    watchDirectory('/nowhere/at/all', () => undefined).close();
  });
});

describe('following a source', () => {
  const clock = new FakeClock();

  /** A source whose content is a number, and what was taken into use of it. */
  function follow({ restless = false, whole = true, changesWhileRead = false } = {}) {
    const source = { content: 0, inUse: -1 };
    const follower = new Follower(
      {
        restless,
        signature: async () => `${source.content}`,
        read: async () => {
          const { content } = source;
          if (changesWhileRead) source.content += 1;
          return {
            whole,
            use: () => {
              source.inUse = content;
              return true;
            },
          };
        },
        fresh: () => undefined,
      },
      clock,
    );
    return { source, follower };
  }

  async function pass(follower: Follower, ms: number, each: () => void = () => {}): Promise<void> {
    for (let gone = 0; gone < ms; gone += 5) {
      each();
      await clock.advance(5);
      await follower.idle();
    }
  }

  it('serves a change though notifications of other things never end', async () => {
    const { source, follower } = follow();
    await follower.reload();
    source.content = 1;
    await pass(follower, 300, () => follower.nudge());
    assert.equal(source.inUse, 1);
    await follower.close();
  });

  it('lets the source rest for a tenth of a second, however often it is told to look', async () => {
    const { source, follower } = follow();
    await follower.reload();
    source.content = 1;
    follower.nudge();
    await pass(follower, 110, () => follower.nudge());
    assert.equal(source.inUse, 0);
    await pass(follower, 20);
    assert.equal(source.inUse, 1);
    await follower.close();
  });

  it('takes what it read of a source that never rests, if its files appear as wholes', async () => {
    const { source, follower } = follow({ restless: true, changesWhileRead: true });
    await follower.reload();
    const before = source.inUse;
    await pass(follower, 1000, () => {
      source.content += 1;
    });
    assert.ok(source.inUse > before);
    assert.ok(source.content - source.inUse < 60, `${source.inUse} of ${source.content}`);
    await follower.close();
  });

  it('takes nothing of what was out of reach while it changed: a file may have gone', async () => {
    const { source, follower } = follow({
      restless: true,
      whole: false,
      changesWhileRead: true,
    });
    await follower.reload();
    await pass(follower, 1000);
    assert.equal(source.inUse, -1);
    await follower.close();
  });
});
