import assert from 'node:assert/strict';
import { unlessAborted } from '../../../src/proof/issuer-keys/abort.ts';
import { settle } from './support.ts';

describe('work that may be given up', () => {
  const reason = new Error('enough');

  it('brings what it brings, where nobody gives it up', async () => {
    const { signal } = new AbortController();
    assert.equal(await unlessAborted(signal, Promise.resolve(7)), 7);
    await assert.rejects(unlessAborted(signal, Promise.reject(reason)), reason);
  });

  it('ends with its signal, even one that was aborted before', async () => {
    const abort = new AbortController();
    const waiting = unlessAborted(abort.signal, new Promise(() => {}));
    abort.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(unlessAborted(abort.signal, Promise.resolve(7)), reason);
  });

  it('harms nobody when it fails after it was given up', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listener);
    try {
      const work = Promise.withResolvers<number>();
      await assert.rejects(unlessAborted(AbortSignal.abort(reason), work.promise), reason);
      work.reject(new Error('late'));
      await settle();
      await settle();
      assert.deepEqual(unhandled, []);
    } finally {
      process.off('unhandledRejection', listener);
    }
  });
});
