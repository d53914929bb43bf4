import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { compile, type ObjectReport, type PolicyObjects } from '../../src/policy/index.ts';
import type { ManifestProblem, ManifestStore } from '../../src/standalone/index.ts';
import { followed, OPTIONS } from './followed.ts';
import { policy, revocation } from './support.ts';

/** The time after which a change must be served. */
const A_SECOND = 1000;

describe('the manifest store', () => {
  const at = followed();

  const names = (s: ManifestStore) => s.snapshot()?.reports.map(({ name }) => name);

  it('serves what is in the directory', async () => {
    at.dir.write('a.yaml', policy('a'));
    const s = await at.open();
    assert.deepEqual(names(s), ['a']);
    assert.equal(s.snapshot()?.ruleCount, 1);
    assert.deepEqual([s.staleSeconds(), s.readErrors()], [0, []]);
  });

  it('serves a change within a second, without being told of it', async () => {
    at.dir.write('a.yaml', policy('a'));
    const s = await at.open();
    const before = s.snapshot();
    at.dir.write('b.yaml', policy('b'));
    await at.pass(A_SECOND);
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
    const s = await at.open({
      watch: (_, onChange) => {
        changed = onChange;
        return { close: () => undefined };
      },
    });
    at.dir.write('a.yaml', policy('a'));
    changed();
    await at.pass(160);
    assert.deepEqual(names(s), ['a']);
  });

  it('does not read a file that is still being written', async () => {
    at.dir.write('a.yaml', policy('a'));
    const s = await at.open();
    for (let i = 1; i <= 20; i += 1) {
      at.dir.write('b.yaml', `${policy('b')}${'#'.repeat(i)}\n`);
      await at.pass(60);
      assert.deepEqual(names(s), ['a']);
    }
    assert.ok(s.staleSeconds() >= 0.8, 'what changes all the time is not fresh');
    await at.pass(A_SECOND);
    assert.deepEqual(names(s), ['a', 'b']);
    assert.ok(s.staleSeconds() < 1);
  });

  it('goes on with what it served when a read fails; the staleness clock runs; it says why, and recovers', async () => {
    at.dir.write('a.yaml', policy('a'));
    const told: (readonly ManifestProblem[])[] = [];
    const s = await at.open({ onProblems: (problems) => told.push(problems) });
    const served = s.snapshot();
    at.dir.write('b.yaml', 'a: [');
    await at.pass(60_000);
    assert.equal(s.snapshot(), served);
    assert.ok(s.staleSeconds() > 59 && s.staleSeconds() <= 60.4, `${s.staleSeconds()}`);
    assert.deepEqual(
      s.readErrors().map(({ source, code }) => [source, code]),
      [['b.yaml:1', 'bad_yaml']],
    );
    assert.equal(told.length, 1, 'a problem is told of once');
    at.dir.write('b.yaml', policy('b'));
    await at.pass(A_SECOND);
    assert.deepEqual(names(s), ['a', 'b']);
    assert.deepEqual(s.readErrors(), []);
    assert.ok(s.staleSeconds() < 1);
    assert.deepEqual(told.at(-1), []);
  });

  it('the staleness clock is not moved by the wall clock', async () => {
    at.dir.write('a.yaml', policy('a'));
    const s = await at.open();
    at.clock.jump('2030-01-01T00:00:00Z');
    assert.equal(s.staleSeconds(), 0);
  });

  it('P48: swaps whole views: no object is ever missing between two', async () => {
    at.dir.write('a.yaml', policy('a'));
    const seen: (string[] | undefined)[] = [];
    const s = await at.open({ onChange: (changed) => seen.push(changed.snapshot()?.reports.map(({ name }) => name)) });
    at.dir.write('a.yaml', `${policy('a')}---\n${policy('b')}`);
    await at.pass(A_SECOND);
    assert.deepEqual(seen, [['a'], ['a', 'b']]);
    assert.deepEqual(names(s), ['a', 'b']);
  });

  it('tells of the conditions of an object when they change, and only then', async () => {
    const told: string[][] = [];
    const report = (reports: readonly ObjectReport[]) => told.push(reports.map((r) => `${r.name} ${r.phase}`));
    at.dir.write('a.yaml', policy('a'));
    const s = await at.open({ onReports: report });
    await s.reload();
    at.dir.write('b.yaml', policy('b', '  state: Suspended\n'));
    await s.reload();
    assert.deepEqual(told, [['a Active'], ['b Suspended']]);
  });

  it('an object that does not compile takes no other down', async () => {
    at.dir.write('a.yaml', policy('a'));
    at.dir.write(
      'b.yaml',
      policy('b')
        .replace('{namespace: default}', '{}')
        .replace('name: b}', 'name: b, namespace: x}')
        .replace('TrustPolicy', 'ClusterTrustPolicy')
        .replace(', namespace: x', ''),
    );
    const s = await at.open();
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
    const s = await at.open({
      onProblems: (problems) => told.push(problems.map(({ code }) => code).join()),
      compile: (objects: PolicyObjects) => {
        if (broken) throw new Error('x');
        return compile(objects, OPTIONS);
      },
    });
    const served = s.snapshot();
    broken = true;
    at.dir.write('a.yaml', policy('a'));
    await at.pass(A_SECOND);
    assert.equal(s.snapshot(), served);
    assert.deepEqual(
      s.readErrors().map(({ code }) => code),
      ['compile_failed'],
    );
    broken = false;
    await at.pass(11_000);
    assert.deepEqual(names(s), ['a'], 'it is tried again though no file changed');
    assert.deepEqual(told, ['compile_failed', '']);
  });

  it('many reloads at once end with what is there', async () => {
    const s = await at.open();
    at.dir.write('a.yaml', policy('a'));
    await Promise.all([s.reload(), s.reload(), s.reload()]);
    assert.deepEqual(names(s), ['a']);
  });

  it('reads nothing more once it is closed', async () => {
    const s = await at.open();
    await s.close();
    at.dir.write('a.yaml', policy('a'));
    await at.clock.advance(5000);
    assert.equal(s.snapshot()?.ruleCount, 0);
  });

  it('counts what it ignores, and writes nothing into the directory of manifests', async () => {
    at.dir.write('a.yaml', `${policy('a')}---\napiVersion: v1\nkind: Secret\n---\n${revocation('r', 'token: t')}`);
    const s = await at.open();
    assert.equal(s.ignored(), 1);
    assert.deepEqual(readdirSync(at.dir.path), ['a.yaml']);
  });
});
