import { watchDirectory } from '../../src/standalone/follow.ts';

describe('watchDirectory', () => {
  it('does without the system’s notifications where there are none: the poll is what counts', () => {
    watchDirectory('/nowhere/at/all', () => undefined).close();
  });
});
