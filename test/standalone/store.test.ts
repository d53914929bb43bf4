import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { compile, type ObjectReport, type PolicyObjects } from '../../src/policy/index.ts';
import {
  createManifestStore,
  type ManifestProblem,
  type ManifestStore,
  type ManifestStoreSettings,
} from '../../src/standalone/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { policy, revocation, type TemporaryDirectory, temporaryDirectory } from './support.ts';

const OPTIONS = {
  tenancy: { mode: 'Single', tenant: 'acme' },
  defaultAudience: 'default',
  maxTtl: 86_400,
  ownIssuer: 'https://mint.example',
  allowLoopbackHttp: true,
} as const;

/** The time after which a change must be served. */
const A_SECOND = 1000;

describe('the manifest store', () => {
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

  it('serves what is in the directory', async () => {
    dir.write('a.yaml', policy('a'));
    const s = await open();
    assert.deepEqual(names(s), ['a']);
    assert.equal(s.snapshot()?.ruleCount, 1);
    assert.deepEqual([s.staleSeconds(), s.readErrors()], [0, []]);
  });

  it('serves a change within a second, without being told of it', async () => {
    dir.write('a.yaml', policy('a'));
    const s = await open();
    const before = s.snapshot();
    dir.write('b.yaml', policy('b'));
    await pass(A_SECOND);
    assert.deepEqual(names(s), ['a', 'b']);
    assert.notEqual(s.snapshot()?.generation, before?.generation);
    assert.deepEqual(
      before?.reports.map(({ name }) => name),
      ['a'],
      'a view in use does not change under its user',
    );
  });

  it('serves a change sooner when it is told of it', async () => {
    let changed: () => void = () => undefined;
    const s = await open({
      watch: (_, onChange) => {
        changed = onChange;
        return { close: () => undefined };
      },
    });
    dir.write('a.yaml', policy('a'));
    changed();
    await pass(160);
    assert.deepEqual(names(s), ['a']);
  });

  it('does not read a file that is still being written', async () => {
    dir.write('a.yaml', policy('a'));
    const s = await open();
    for (let i = 1; i <= 20; i += 1) {
      dir.write('b.yaml', `${policy('b')}${'#'.repeat(i)}\n`);
      await pass(60);
      assert.deepEqual(names(s), ['a']);
    }
    assert.ok(s.staleSeconds() >= 0.8, 'what changes all the time is not fresh');
    await pass(A_SECOND);
    assert.deepEqual(names(s), ['a', 'b']);
    assert.ok(s.staleSeconds() < 1);
  });

  it('goes on with what it served when a read fails; the staleness clock runs; it says why, and recovers', async () => {
    dir.write('a.yaml', policy('a'));
    const told: (readonly ManifestProblem[])[] = [];
    const s = await open({ onProblems: (problems) => told.push(problems) });
    const served = s.snapshot();
    dir.write('b.yaml', 'a: [');
    await pass(60_000);
    assert.equal(s.snapshot(), served);
    assert.ok(s.staleSeconds() > 59 && s.staleSeconds() <= 60.4, `${s.staleSeconds()}`);
    assert.deepEqual(
      s.readErrors().map(({ source, code }) => [source, code]),
      [['b.yaml:1', 'bad_yaml']],
    );
    assert.equal(told.length, 1, 'a problem is told of once');
    dir.write('b.yaml', policy('b'));
    await pass(A_SECOND);
    assert.deepEqual(names(s), ['a', 'b']);
    assert.deepEqual(s.readErrors(), []);
    assert.ok(s.staleSeconds() < 1);
    assert.deepEqual(told.at(-1), []);
  });

  it('the staleness clock is not moved by the wall clock', async () => {
    dir.write('a.yaml', policy('a'));
    const s = await open();
    clock.jump('2030-01-01T00:00:00Z');
    assert.equal(s.staleSeconds(), 0);
  });

  it('P48: swaps whole views: no object is ever missing between two', async () => {
    dir.write('a.yaml', policy('a'));
    const seen: (string[] | undefined)[] = [];
    const s = await open({ onChange: (changed) => seen.push(changed.snapshot()?.reports.map(({ name }) => name)) });
    dir.write('a.yaml', `${policy('a')}---\n${policy('b')}`);
    await pass(A_SECOND);
    assert.deepEqual(seen, [['a'], ['a', 'b']]);
    assert.deepEqual(names(s), ['a', 'b']);
  });

  it('tells of the conditions of an object when they change, and only then', async () => {
    const told: string[][] = [];
    const report = (reports: readonly ObjectReport[]) => told.push(reports.map((r) => `${r.name} ${r.phase}`));
    dir.write('a.yaml', policy('a'));
    const s = await open({ onReports: report });
    await s.reload();
    dir.write('b.yaml', policy('b', '  state: Suspended\n'));
    await s.reload();
    assert.deepEqual(told, [['a Active'], ['b Suspended']]);
  });

  it('an object that does not compile takes no other down', async () => {
    dir.write('a.yaml', policy('a'));
    dir.write(
      'b.yaml',
      policy('b')
        .replace('{namespace: default}', '{}')
        .replace('name: b}', 'name: b, namespace: x}')
        .replace('TrustPolicy', 'ClusterTrustPolicy')
        .replace(', namespace: x', ''),
    );
    const s = await open();
    assert.deepEqual(
      s
        .snapshot()
        ?.reports.map(({ name, served }) => [name, served])
        .sort(),
      [
        ['a', true],
        ['b', false],
      ],
    );
    assert.deepEqual(s.readErrors(), []);
  });

  it('a compiler that throws makes a failed read, and what was served goes on', async () => {
    let broken = false;
    const told: string[] = [];
    const s = await open({
      onProblems: (problems) => told.push(problems.map(({ code }) => code).join()),
      compile: (objects: PolicyObjects) => {
        if (broken) throw new Error('x');
        return compile(objects, OPTIONS);
      },
    });
    const served = s.snapshot();
    broken = true;
    dir.write('a.yaml', policy('a'));
    await pass(A_SECOND);
    assert.equal(s.snapshot(), served);
    assert.deepEqual(
      s.readErrors().map(({ code }) => code),
      ['compile_failed'],
    );
    broken = false;
    await pass(11_000);
    assert.deepEqual(names(s), ['a'], 'it is tried again though no file changed');
    assert.deepEqual(told, ['compile_failed', '']);
  });

  it('many reloads at once end with what is there', async () => {
    const s = await open();
    dir.write('a.yaml', policy('a'));
    await Promise.all([s.reload(), s.reload(), s.reload()]);
    assert.deepEqual(names(s), ['a']);
  });

  it('reads nothing more once it is closed', async () => {
    const s = await open();
    await s.close();
    dir.write('a.yaml', policy('a'));
    await clock.advance(5000);
    assert.equal(s.snapshot()?.ruleCount, 0);
  });

  it('counts what it ignores, and writes nothing into the directory of manifests', async () => {
    dir.write('a.yaml', `${policy('a')}---\napiVersion: v1\nkind: Secret\n---\n${revocation('r', 'token: t')}`);
    const s = await open();
    assert.equal(s.ignored(), 1);
    assert.deepEqual(readdirSync(dir.path), ['a.yaml']);
  });
});
