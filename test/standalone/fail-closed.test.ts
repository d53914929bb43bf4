import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { ManifestStore } from '../../src/standalone/index.ts';
import { followed } from './followed.ts';
import { policy } from './support.ts';

/** The time after which a change must be served. */
const A_SECOND = 1000;

describe('P24: the manifest store, when files are missing or cannot be read', () => {
  const at = followed();

  const names = (s: ManifestStore) => s.snapshot()?.reports.map(({ name }) => name);

  it('P24: a directory that cannot be read grants nothing, ever, and says so', async () => {
    const s = await at.open({ dir: `${at.dir.path}/gone` });
    assert.equal(s.snapshot(), undefined);
    assert.equal(s.staleSeconds(), Number.POSITIVE_INFINITY);
    assert.deepEqual(
      s.readErrors().map(({ code }) => code),
      ['unreadable'],
    );
    await at.pass(A_SECOND);
    assert.equal(s.snapshot(), undefined);
  });

  it('P24: a first read that fails grants nothing until the files are mended', async () => {
    at.dir.write('a.yaml', policy('a'));
    at.dir.write('b.yaml', policy('b', '  typo: 1\n'));
    const s = await at.open();
    assert.equal(s.snapshot(), undefined);
    at.dir.write('b.yaml', policy('b'));
    await at.pass(A_SECOND);
    assert.deepEqual(names(s), ['a', 'b']);
  });

  it('P24: a file that is removed grants nothing; a directory that is removed is a failed read', async () => {
    const file = at.dir.write('a.yaml', policy('a'));
    const s = await at.open();
    rmSync(file);
    await at.pass(A_SECOND);
    assert.equal(s.snapshot()?.ruleCount, 0);
    at.dir.write('a.yaml', policy('a'));
    await at.pass(A_SECOND);
    at.dir.remove();
    await at.pass(10_000);
    assert.equal(s.snapshot()?.ruleCount, 1);
    assert.ok(s.staleSeconds() > 9);
  });
});
