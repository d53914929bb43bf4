import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, mkdtemp, open, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSink } from '../../src/audit/index.ts';

describe('audit to a file', () => {
  let dir: string;
  let path: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'trustmint-audit-'));
    path = join(dir, 'audit.log');
  });
  afterEach(() => rm(dir, { recursive: true }));

  const text = (p = path) => readFile(p, 'utf8');

  it('appends, and others cannot read it', async () => {
    await appendFile(path, 'before\n');
    await chmod(path, 0o600);
    const sink = fileSink(path);
    await sink.write('a\n');
    await sink.write('b\nc\n');
    await sink.close();
    assert.equal(await text(), 'before\na\nb\nc\n');
    const fresh = fileSink(join(dir, 'new.log'));
    await fresh.write('x\n');
    await fresh.close();
    assert.equal((await stat(join(dir, 'new.log'))).mode & 0o137, 0);
  });

  it('goes on in a new file when the old one was moved or deleted', async () => {
    const sink = fileSink(path);
    await sink.write('a\n');
    await rename(path, `${path}.1`);
    await sink.write('b\n');
    await rm(path);
    await sink.write('c\n');
    await rename(path, `${path}.2`);
    await appendFile(path, 'made by the rotator\n');
    await sink.write('d\n');
    await truncate(path);
    await sink.write('e\n');
    await sink.close();
    assert.deepEqual([await text(`${path}.1`), await text(`${path}.2`), await text()], ['a\n', 'c\n', 'e\n']);
  });

  it('writes again what went to a file that was deleted at that moment', async () => {
    let opened = 0;
    const sink = fileSink(path, {
      files: {
        stat,
        async open(p, flags, mode) {
          const handle = await open(p, flags, mode);
          // The path was looked at, the file was opened, and now it goes.
          if (opened++ === 0) await rm(p);
          return handle;
        },
      },
    });
    await sink.write('a\n');
    await sink.close();
    assert.equal(await text(), 'a\n');
  });

  it('a full disk is an error at once, and the torn line never spoils the next', async () => {
    let room = 1000;
    const sink = fileSink(path, {
      files: {
        stat,
        async open(p, flags, mode) {
          const handle = await open(p, flags, mode);
          return {
            stat: (() => handle.stat()) as typeof handle.stat,
            close: () => handle.close(),
            read: (b, o, l, at) => handle.read(b, o, l, at),
            async write(buffer, offset, length) {
              if (room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
              const part = Math.min(room, length, 7);
              room -= part;
              return await handle.write(buffer, offset, part);
            },
          };
        },
      },
    });
    await sink.write('{"n":1}\n{"n":2}\n');
    room = 12;
    await assert.rejects(sink.write('{"n":3}\n{"n":4}\n'), { code: 'ENOSPC' });
    await assert.rejects(sink.write('{"n":5}\n'), { code: 'ENOSPC' });
    room = 1000;
    await sink.write('{"n":6}\n');
    await sink.close();
    assert.deepEqual((await text()).split('\n'), ['{"n":1}', '{"n":2}', '{"n":3}', '{"n"', '{"n":6}', '']);
  });

  it('ends the line that a crash tore', async () => {
    await appendFile(path, '{"n":1}\n{"n":');
    const sink = fileSink(path);
    await sink.write('{"n":2}\n');
    await sink.close();
    assert.equal(await text(), '{"n":1}\n{"n":\n{"n":2}\n');
  });

  it('fails while its folder is missing, and works once it is there', async () => {
    const sink = fileSink(join(dir, 'sub', 'audit.log'));
    await assert.rejects(sink.write('a\n'), { code: 'ENOENT' });
    await mkdir(join(dir, 'sub'));
    await sink.write('b\n');
    await sink.close();
    assert.equal(await text(join(dir, 'sub', 'audit.log')), 'b\n');
  });

  it('takes no folder and no device for a file', async () => {
    await assert.rejects(fileSink(dir).write('a\n'));
    await assert.rejects(fileSink('/dev/null').write('a\n'), { code: 'EINVAL' });
  });
});
