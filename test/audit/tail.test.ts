import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TailItem, type TailOptions, tailAudit } from '../../src/audit/index.ts';
import { LineSplitter } from '../../src/audit/lines.ts';

const brief = (item: TailItem) => ('record' in item ? item.record.n : item.unreadable);

async function all(source: Parameters<typeof tailAudit>[0], options?: TailOptions): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of tailAudit(source, options)) items.push(brief(item));
  return items;
}

describe('audit tail', () => {
  let dir: string;
  let path: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'trustmint-tail-'));
    path = join(dir, 'audit.log');
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('gives every record, and lines that are none as they are', async () => {
    await writeFile(path, '{"n":1}\n{"n":\n\n[1]\n{"n":2}');
    assert.deepEqual(await all(path), [1, '{"n":', '[1]', 2]);
  });

  it('begins with the last few when asked', async () => {
    await writeFile(path, Array.from({ length: 50 }, (_, n) => `{"n":${n}}\n`).join(''));
    assert.deepEqual(await all(path, { last: 2 }), [48, 49]);
    assert.deepEqual(await all(path, { last: 0 }), []);
  });

  it('reads a stream, whatever pieces it comes in', async () => {
    const bytes = Buffer.from('{"n":"ä€"}\n{"n":2}\n');
    for (const size of [1, 2, 3, 5, 100]) {
      const pieces: Buffer[] = [];
      for (let i = 0; i < bytes.length; i += size) pieces.push(bytes.subarray(i, i + size));
      assert.deepEqual(await all(Readable.from(pieces)), ['ä€', 2]);
    }
  });

  it('keeps memory for one line of bounded length', async () => {
    await writeFile(path, `${'x'.repeat(3_000_000)}\n{"n":1}\n`);
    const [long, next] = await all(path);
    assert.deepEqual([(long as string).length, next], [2049, 1]);
    const splitter = new LineSplitter();
    for (let i = 0; i < 40; i++) splitter.push(Buffer.alloc(100_000, 'x'));
    assert.equal(splitter.end()[0]!.length, 1_048_576);
  });

  it('passes no control characters of a foreign line on to the terminal', async () => {
    await writeFile(path, '\u001b[2Jpwned\u202e\n');
    assert.deepEqual(await all(path), ['\ufffd[2Jpwned\ufffd']);
  });

  it('follows a file across rotation and truncation, and loses nothing', async () => {
    const stop = new AbortController();
    await writeFile(path, '{"n":1}\n{"n":2}\n');
    const steps = [
      () => appendFile(path, '{"n":3}\n{"n'),
      () => appendFile(path, '":4}\n'),
      async () => {
        await appendFile(path, '{"n":5}\n');
        await rename(path, `${path}.1`);
        await appendFile(`${path}.1`, '{"n":6}\n');
      },
      () => appendFile(`${path}.1`, '{"n":7}\n'),
      () => writeFile(path, '{"n":8}\n'),
      async () => {
        // Moved, still written to, and replaced between two looks.
        await rename(path, `${path}.2`);
        await appendFile(`${path}.2`, '{"n":9}\n');
        await writeFile(path, '{"n":10}\n');
      },
      () => writeFile(path, ''),
      () => appendFile(path, '{"n":11}\n'),
      async () => stop.abort(),
    ];
    const wait = async () => {
      await steps.shift()!();
    };
    const seen = await all(path, { follow: true, last: 1, wait, signal: stop.signal });
    assert.deepEqual(seen, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('says so when there is no such file', async () => {
    await assert.rejects(all(join(dir, 'none')), { code: 'ENOENT' });
  });
});
