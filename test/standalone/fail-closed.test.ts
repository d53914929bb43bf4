import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { compile } from '../../src/policy/index.ts';
import { createManifestStore, type ManifestStore, type ManifestStoreSettings } from '../../src/standalone/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { policy, type TemporaryDirectory, temporaryDirectory } from './support.ts';

const OPTIONS = {
  tenancy: { mode: 'Single', tenant: 'acme' },
  defaultAudience: 'default',
  maxTtl: 86_400,
  ownIssuer: 'https://mint.example',
  allowLoopbackHttp: true,
} as const;

/** The time after which a change must be served. */
const A_SECOND = 1000;

describe('P24: the manifest store, when files are missing or cannot be read', () => {
  let dir: TemporaryDirectory;
  let clock: FakeClock;
  let store: ManifestStore | undefined;
  beforeEach(() => {
    dir = temporaryDirectory();
    clock = new FakeClock();
  });
  afterEach(async () => {
    await store?.close();
    assert.equal(clock.pending, 0, 'a timer was left behind');
    store = undefined;
    dir.remove();
  });

  async function open(more: Partial<ManifestStoreSettings> = {}): Promise<ManifestStore> {
    store = await createManifestStore({
      dir: dir.path,
      clock,
      random: (n) => new Uint8Array(n).fill(7),
      compile: (objects) => compile(objects, OPTIONS),
      watch: () => ({ close: () => undefined }),
      ...more,
    });
    return store;
  }

  /** Lets time pass as it does: what was started comes to its end. */
  async function pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 20) {
      await clock.advance(20);
      await store!.idle();
    }
  }

  const names = (s: ManifestStore) => s.snapshot()?.reports.map(({ name }) => name);

  it('P24: a directory that cannot be read grants nothing, ever, and says so', async () => {
    const s = await open({ dir: `${dir.path}/gone` });
    assert.equal(s.snapshot(), undefined);
    assert.equal(s.staleSeconds(), Number.POSITIVE_INFINITY);
    assert.deepEqual(
      s.readErrors().map(({ code }) => code),
      ['unreadable'],
    );
    await pass(A_SECOND);
    assert.equal(s.snapshot(), undefined);
  });

  it('P24: a first read that fails grants nothing until the files are mended', async () => {
    dir.write('a.yaml', policy('a'));
    dir.write('b.yaml', policy('b', '  typo: 1\n'));
    const s = await open();
    assert.equal(s.snapshot(), undefined);
    dir.write('b.yaml', policy('b'));
    await pass(A_SECOND);
    assert.deepEqual(names(s), ['a', 'b']);
  });

  it('P24: a file that is removed grants nothing; a directory that is removed is a failed read', async () => {
    const file = dir.write('a.yaml', policy('a'));
    const s = await open();
    rmSync(file);
    await pass(A_SECOND);
    assert.equal(s.snapshot()?.ruleCount, 0);
    dir.write('a.yaml', policy('a'));
    await pass(A_SECOND);
    dir.remove();
    await pass(10_000);
    assert.equal(s.snapshot()?.ruleCount, 1);
    assert.ok(s.staleSeconds() > 9);
  });
});
