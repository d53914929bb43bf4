import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileKeyStore, openKeyRing } from '../../src/keyring/index.ts';
import { firstRing } from '../../src/keyring/rotation.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { keySource } from './support.ts';

const rejectsWith = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, (e: unknown) => e instanceof Error && 'code' in e && e.code === code);

describe('keys in a file', () => {
  let root: string;
  let dir: string;
  let file: string;
  const clock = new FakeClock();
  const open = (seed = 0) => openKeyRing({ store: new FileKeyStore(dir), clock, ...keySource(seed), maxTtl: 3600 });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'trustmint-keys-'));
    dir = join(root, 'data');
    file = join(dir, 'keys.json');
  });
  afterEach(() => rm(root, { recursive: true }));

  it('are readable by their owner alone, beside a mark that says they were created', async () => {
    await open();
    assert.equal((await stat(dir)).mode & 0o777, 0o700);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(dir)).sort(), ['keys-created', 'keys.json']);
  });

  it('are looked for without leaving anything behind', async () => {
    assert.equal(await new FileKeyStore(dir).load(), undefined);
    assert.deepEqual(await readdir(root), []);
  });

  it('survive a restart and a rotation, and leave no temporary file', async () => {
    const ring = await open();
    await ring.rotate({ now: true });
    const again = await open(1000);
    assert.deepEqual(again.states(), ring.states());
    assert.deepEqual(again.resourceKeys('a'), ring.resourceKeys('a'));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(dir)).sort(), ['keys-created', 'keys.json']);
  });

  it('are one set for concurrent creators', async () => {
    const rings = await Promise.all([0, 1000, 2000, 3000].map((seed) => open(seed)));
    assert.equal(new Set(rings.map((r) => r.active().kid)).size, 1);
    assert.deepEqual((await readdir(dir)).sort(), ['keys-created', 'keys.json']);
  });

  it('are refused where others can read or write them', async () => {
    await open();
    for (const mode of [0o640, 0o604, 0o660, 0o601]) {
      await chmod(file, mode);
      await rejectsWith(open(), 'keys_exposed');
    }
    await chmod(file, 0o600);
    await chmod(dir, 0o770);
    await rejectsWith(open(), 'keys_exposed');
  });

  it('are refused behind a symbolic link', async () => {
    await open();
    await rename(file, join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), file);
    await rejectsWith(open(), 'keys_unavailable');
  });

  it('are never made anew at start where the mark says there were some', async () => {
    await open();
    await rm(file);
    await rejectsWith(open(), 'keys_lost');
    await rejectsWith(new FileKeyStore(dir).load(), 'keys_lost');
    await rejectsWith(new FileKeyStore(dir).create(await firstRing(0, keySource())), 'keys_lost');
    assert.deepEqual(await readdir(dir), ['keys-created']);
  });

  it('are refused at start when damaged, without a word of them in the message', async () => {
    await open();
    const text = await readFile(file, 'utf8');
    const master = JSON.parse(text).keys[0].macaroon as string;
    for (const bad of [text.slice(0, -10), text.replace('"version": 1', '"version": 2'), '', `${text}x`]) {
      await writeFile(file, bad);
      await assert.rejects(open(), (e: Error & { code: string }) => {
        assert.equal(e.code, 'keys_damaged');
        assert.ok(!e.message.includes(master.slice(0, 8)) && !e.stack!.includes(master.slice(0, 8)));
        return true;
      });
    }
  });

  it('get their mark after a crash between file and mark', async () => {
    const ring = await open();
    await rm(join(dir, 'keys-created'));
    const again = await open(1000);
    assert.deepEqual(again.active(), ring.active());
    assert.ok((await readdir(dir)).includes('keys-created'));
  });

  it('are written back, with the right mode, when deleted or damaged while the process runs', async () => {
    const ring = await open();
    const before = await readFile(file, 'utf8');
    await rm(file);
    await ring.tick();
    assert.equal(await readFile(file, 'utf8'), before);
    await writeFile(file, 'rubbish');
    await ring.tick();
    assert.equal(await readFile(file, 'utf8'), before);
    await rm(dir, { recursive: true });
    await ring.tick();
    assert.equal(await readFile(file, 'utf8'), before);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('are not overwritten by who read an older revision', async () => {
    const store = new FileKeyStore(dir);
    const ring = await firstRing(0, keySource());
    assert.equal(await store.create(ring), true);
    assert.equal(await store.create(await firstRing(0, keySource(9))), false);
    assert.equal(await store.save({ ...ring, revision: 2 }, 1), true);
    assert.equal(await store.save({ ...ring, revision: 2 }, 1), false);
    assert.equal((await store.load())?.revision, 2);
  });

  it('are lost by none of many writers at once: of one revision exactly one is stored, and it is told so', async () => {
    const store = new FileKeyStore(dir);
    const ring = await firstRing(1, keySource());
    await store.create(ring);
    const firsts = await Promise.all(Array.from({ length: 8 }, (_, i) => firstRing(1, keySource(i))));
    const writers = firsts.map((first) => ({
      ...first,
      id: ring.id,
      revision: 2,
    }));
    const told = await Promise.all(writers.map((next) => new FileKeyStore(dir).save(next, 1)));
    assert.equal(told.filter(Boolean).length, 1);
    const stored = await store.load();
    assert.equal(stored?.keys[0]?.kid, writers[told.indexOf(true)]?.keys[0]?.kid);
  });

  it('are written again after a writer died with its lock', async () => {
    const store = new FileKeyStore(dir);
    const ring = await firstRing(1, keySource());
    await store.create(ring);
    await writeFile(`${file}.lock`, '');
    assert.equal(await store.save({ ...ring, revision: 2 }, 1), false);
    await utimes(`${file}.lock`, 1, 1);
    assert.equal(await store.save({ ...ring, revision: 2 }, 1), true);
    assert.deepEqual((await readdir(dir)).sort(), ['keys-created', 'keys.json']);
  });
});
