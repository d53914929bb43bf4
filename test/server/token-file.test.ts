import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerError, tokenFile } from '../../src/server/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('a token file', () => {
  let dir: string;
  let file: string;
  let clock: FakeClock;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trustmint-token-'));
    file = join(dir, 'token');
    clock = new FakeClock();
    writeFileSync(file, 'the-first-token-of-all\n');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

  it('provides its content without the newline', () => {
    assert.equal(text(tokenFile(file, clock)()), 'the-first-token-of-all');
  });

  it('is read again after it was replaced, within a second', async () => {
    const provide = tokenFile(file, clock);
    writeFileSync(join(dir, 'next'), 'another-token-than-that');
    renameSync(join(dir, 'next'), file);
    assert.equal(text(provide()), 'the-first-token-of-all');
    await clock.advance(1_000);
    assert.equal(text(provide()), 'another-token-than-that');
  });

  it('provides nothing while it is gone or too short, and again once it is back', async () => {
    const provide = tokenFile(file, clock);
    rmSync(file);
    await clock.advance(1_000);
    assert.equal(provide(), undefined);
    writeFileSync(file, 'short');
    await clock.advance(1_000);
    assert.equal(provide(), undefined);
    writeFileSync(file, 'back-again-and-long-enough');
    await clock.advance(1_000);
    assert.equal(text(provide()), 'back-again-and-long-enough');
  });

  for (const [what, content] of [
    ['empty', ''],
    ['short', 'fifteen-letters'],
    ['more than one token', 'two-tokens-in-here and-another'],
    ['huge', 'x'.repeat(5_000)],
  ] as const) {
    it(`that is ${what} is an error at the start that never quotes it`, () => {
      writeFileSync(file, content);
      assert.throws(
        () => tokenFile(file, clock),
        (e) => e instanceof ServerError && e.code === 'token_file' && (content === '' || !e.message.includes(content)),
      );
    });
  }

  it('that does not exist is an error at the start', () => {
    assert.throws(() => tokenFile(join(dir, 'none'), clock), { code: 'token_file' });
  });
});
