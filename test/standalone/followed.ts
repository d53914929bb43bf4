/** A manifest store over directories of its own for each test, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { compile } from '../../src/policy/index.ts';
import { createManifestStore, type ManifestStore, type ManifestStoreSettings } from '../../src/standalone/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support.ts';

export const OPTIONS = {
  tenancy: { mode: 'Single', tenant: 'acme' },
  defaultAudience: 'default',
  maxTtl: 86_400,
  ownIssuer: 'https://mint.example',
  allowLoopbackHttp: true,
} as const;

/** For the body of a `describe`. */
export function followed({ start, hasData = false }: { start?: string; hasData?: boolean } = {}) {
  let counter = 0;
  const random = (n: number) => new Uint8Array(n).fill(++counter);
  const at = {
    dir: undefined as unknown as TemporaryDirectory,
    data: undefined as unknown as TemporaryDirectory,
    clock: undefined as unknown as FakeClock,
    store: undefined as ManifestStore | undefined,
    random,

    async open(more: Partial<ManifestStoreSettings> = {}): Promise<ManifestStore> {
      at.store = await createManifestStore({
        dir: at.dir.path,
        ...(hasData && { dataDir: at.data.path }),
        clock: at.clock,
        random,
        compile: (objects) => compile(objects, OPTIONS),
        watch: () => ({ close: () => undefined }),
        ...more,
      });
      return at.store;
    },

    /** Lets time pass as it does: what was started comes to its end. */
    async pass(ms: number): Promise<void> {
      for (let gone = 0; gone < ms; gone += 20) {
        await at.clock.advance(20);
        await at.store!.idle();
      }
    },
  };
  beforeEach(() => {
    at.dir = temporaryDirectory();
    at.data = temporaryDirectory();
    at.clock = new FakeClock(start);
  });
  afterEach(async () => {
    await at.store?.close();
    at.store = undefined;
    at.dir.remove();
    at.data.remove();
    assert.equal(at.clock.pending, 0, 'a timer was left behind');
  });
  return at;
}
