import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { streamSink } from '../../src/audit/index.ts';
import { settle } from './support.ts';

describe('audit to a stream', () => {
  it('waits until the stream has passed the lines on', async () => {
    let release: (() => void) | undefined;
    const seen: string[] = [];
    const stream = new Writable({
      highWaterMark: 1,
      write(chunk, _encoding, done) {
        seen.push(String(chunk));
        release = done;
      },
    });
    let written = false;
    const writing = streamSink(stream)
      .write('a\n')
      .then(() => {
        written = true;
      });
    await settle();
    assert.deepEqual([seen, written], [['a\n'], false]);
    release!();
    await writing;
    assert.equal(written, true);
  });

  it('fails from a broken pipe on, without ending the process', async () => {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('broken'), { code: 'EPIPE' }));
      },
    });
    const sink = streamSink(stream);
    await assert.rejects(sink.write('a\n'), { code: 'EPIPE' });
    await settle();
    await assert.rejects(sink.write('b\n'), { code: 'EPIPE' });
    await sink.close();
  });

  it('fails when the stream is closed, also in the middle of a write', async () => {
    const stream = new Writable({ write() {} });
    const sink = streamSink(stream);
    const hanging = assert.rejects(sink.write('a\n'));
    stream.destroy();
    await hanging;
    await assert.rejects(sink.write('b\n'));
  });
});
