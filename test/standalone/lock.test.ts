import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockDataDir } from '../../src/standalone/index.ts';
import { processStart } from '../../src/standalone/lock.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support.ts';

describe('lockDataDir', () => {
  let dir: TemporaryDirectory;
  beforeEach(() => {
    dir = temporaryDirectory();
  });
  afterEach(() => dir.remove());

  it('lets one process in, and names it to the next', () => {
    const release = lockDataDir(dir.path);
    assert.throws(() => lockDataDir(dir.path), {
      code: 'data_dir_locked',
      message: new RegExp(`in use by process ${process.pid}$`),
    });
    release();
    release();
    lockDataDir(dir.path)();
    assert.deepEqual(readdirSync(dir.path), []);
  });

  it('makes the directory, for this user alone', () => {
    const path = join(dir.path, 'a/b');
    const release = lockDataDir(path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal(statSync(join(path, 'lock')).mode & 0o777, 0o600);
    release();
  });

  it('takes over from a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    lockDataDir(dir.path, { pid: child.pid! });
    assert.throws(() => lockDataDir(dir.path), { message: new RegExp(`process ${child.pid}$`) });
    child.kill('SIGKILL');
    await once(child, 'exit');
    lockDataDir(dir.path)();
  });

  it('is not fooled by another process that got the pid of a dead one', () => {
    lockDataDir(dir.path, { pid: 4711, startOf: () => 'boot/100' });
    const startOf = (pid: number) => (pid === 4711 ? 'boot/200' : 'boot/300');
    lockDataDir(dir.path, { pid: 4712, startOf })();
  });

  it('holds where a start cannot be told, as long as the pid runs', () => {
    const startOf = (pid: number) => (pid === 1 ? undefined : '');
    lockDataDir(dir.path, { pid: 4711, startOf });
    assert.throws(() => lockDataDir(dir.path, { pid: 4712, startOf }), { code: 'data_dir_locked' });
  });

  it('takes over a lock that is no lock', () => {
    for (const content of ['', '{', '{"pid":"1"}', 'null', '[]']) {
      writeFileSync(join(dir.path, 'lock'), content);
      lockDataDir(dir.path)();
    }
  });

  it('never releases the lock of a successor', () => {
    const release = lockDataDir(dir.path);
    writeFileSync(join(dir.path, 'lock'), '{"pid":1,"started":""}');
    release();
    assert.ok(existsSync(join(dir.path, 'lock')));
  });

  it('says that a directory cannot be used', () => {
    const file = dir.write('file', '');
    assert.throws(() => lockDataDir(file), { code: 'data_dir_unusable' });
  });

  it('knows when this process began, the same each time, and that a dead one has not', () => {
    assert.equal(processStart(process.pid), processStart(process.pid));
    assert.equal(processStart(2 ** 30), undefined);
  });
});
