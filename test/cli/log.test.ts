import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { createLog, type LogOptions } from '../../src/cli/log.ts';
import { FakeClock } from '../support/fake-clock.ts';

function setup(options: Partial<LogOptions> = {}, isTTY = false) {
  const clock = new FakeClock();
  const stream: PassThrough & { isTTY?: boolean } = Object.assign(new PassThrough(), { isTTY });
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  const logger = createLog(stream, { clock, color: true, ...options });
  const lines = () => text.split('\n').slice(0, -1);
  return { ...logger, clock, text: () => text, lines, entries: () => lines().map((line) => JSON.parse(line)) };
}

const TIME = '2026-01-01T00:00:00.000Z';

describe('the log', () => {
  it('is JSON lines where nobody watches: time, level, message, and the fields beside them', () => {
    const { log, entries } = setup();
    log('warn', 'not watching', { resource: 'trustpolicies', retryMs: 800, ok: false });
    assert.deepEqual(entries(), [
      { time: TIME, level: 'warn', message: 'not watching', resource: 'trustpolicies', retryMs: 800, ok: false },
    ]);
  });

  it('is text on a terminal, coloured unless NO_COLOR is set', () => {
    const colored = setup({}, true);
    colored.log('error', 'it failed', { why: 'two words', at: 'https://x/y' });
    assert.equal(colored.text(), `${TIME} \x1b[31merror\x1b[0m it failed why="two words" at=https://x/y\n`);
    const before = process.env.NO_COLOR;
    try {
      process.env.NO_COLOR = '1';
      const plain = setup({ color: undefined as never }, true);
      plain.log('error', 'it failed');
      assert.equal(plain.text(), `${TIME} error it failed\n`);
    } finally {
      if (before === undefined) delete process.env.NO_COLOR;
      else process.env.NO_COLOR = before;
    }
  });

  it('is what it was asked to be, terminal or not; text in a file has no colour', () => {
    const text = setup({ format: 'text' });
    text.log('info', 'a');
    assert.equal(text.text(), `${TIME} info a\n`);
    const json = setup({ format: 'json' }, true);
    json.log('info', 'a');
    assert.deepEqual(json.entries(), [{ time: TIME, level: 'info', message: 'a' }]);
  });

  it('has what is at least of its level, and counts that by level', () => {
    for (const [level, said] of [
      ['debug', ['debug', 'info', 'warn', 'error']],
      ['info', ['info', 'warn', 'error']],
      ['warn', ['warn', 'error']],
      ['error', ['error']],
    ] as const) {
      const counted: string[] = [];
      const { log, entries } = setup({ level, onMessage: (one) => counted.push(one) });
      for (const one of ['debug', 'info', 'warn', 'error'] as const) log(one, one);
      assert.deepEqual([entries().map((entry) => entry.level), counted], [said, said], level);
    }
  });

  it('no field takes the place of time, level or message', () => {
    const { log, entries } = setup();
    log('info', 'a', { message: 'b', level: 'c', time: 'd', __proto__: 'e', 'x y': 'f' });
    assert.deepEqual(entries(), [
      { time: TIME, level: 'info', message: 'a', message_: 'b', level_: 'c', time_: 'd', x_y: 'f' },
    ]);
  });

  it('an event is one line of at most some thousand printable characters, whatever it quotes', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 3_000 });
    fc.assert(
      fc.property(texts, fc.dictionary(texts, texts, { maxKeys: 5 }), (message, fields) => {
        for (const format of ['json', 'text'] as const) {
          const { log, text, lines } = setup({ format });
          log('info', message, fields);
          assert.equal(lines().length, 1);
          assert.doesNotMatch(text().slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          assert.ok(text().length < 20_000, `${text().length}`);
          if (format === 'json') assert.equal(JSON.parse(text()).level, 'info');
        }
      }),
      { numRuns: 200 },
    );
  });

  it('says what repeats 20 times a minute, then how often it was held back; others are not held up by it', async () => {
    const { log, clock, entries } = setup();
    for (let i = 0; i < 1_000; i++) log('error', `a-policy-${i} is not served`, { object: `a-policy-${i}` });
    log('error', 'another thing');
    assert.equal(entries().length, 21);
    await clock.advance(60_000);
    const last = entries().at(-1);
    assert.deepEqual([last.level, last.message, last.held_back], ['error', '… is not served', 980]);
    log('error', 'a-policy-1 is not served', { object: 'a-policy-1' });
    assert.equal(entries().at(-1).object, 'a-policy-1', 'a new minute');
    await clock.advance(60_000);
    assert.equal(entries().length, 23, 'nothing was held back');
    assert.equal(clock.pending, 0);
  });

  it('says in the end what it held back, and leaves no timer', () => {
    const { log, clock, close, entries } = setup();
    for (let i = 0; i < 1_050; i++) log('info', 'again');
    close();
    assert.deepEqual([entries().length, entries().at(-1).held_back, clock.pending], [1_001, 50, 0]);
  });

  it('a thousand kinds of failures are no more than so many at a time', () => {
    const { log, clock } = setup();
    for (let i = 0; i < 5_000; i++) log('warn', `failure number ${i} of its kind`);
    assert.ok(clock.pending <= 260, `${clock.pending}`);
  });

  it('shows no token, proof or key, wherever in a message or a field it stands', () => {
    const base64url = fc.uint8Array({ minLength: 90, maxLength: 400 }).map((b) => Buffer.from(b).toString('base64url'));
    const jwt = fc
      .tuple(fc.record({ alg: fc.constantFrom('RS256', 'ES256'), kid: fc.string() }), base64url, base64url)
      .map(([header, claims, signature]) => {
        const first = Buffer.from(JSON.stringify(header)).toString('base64url');
        return [first, claims, signature].join('.');
      });
    const pem = base64url.map((text) => `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----`);
    const around = fc.string({ maxLength: 60 }).map((text) => `${text} `);
    fc.assert(
      fc.property(fc.oneof(jwt, base64url, pem), around, around, (secret, before, after) => {
        for (const format of ['json', 'text'] as const) {
          const { log, text } = setup({ format });
          log('error', `${before}${secret} ${after}`, { error: `${before}${secret}`, short: secret.slice(0, 120) });
          const parts = secret.split(/[.\n]/).filter((part) => part.length > 30);
          for (const part of parts) assert.ok(!text().includes(part.slice(0, 30)), text());
        }
      }),
      { numRuns: 300 },
    );
  });

  it('leaves ids, digests, names and URLs as they are', () => {
    const { log, entries } = setup();
    const fields = {
      correlationId: 'f'.repeat(32),
      sha256: 'A'.repeat(43),
      hex: '0'.repeat(64),
      object: `TrustPolicy/team-a/${'n'.repeat(63)}`,
      url: 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF',
    };
    log('info', 'a', fields);
    assert.deepEqual(entries(), [{ time: TIME, level: 'info', message: 'a', ...fields }]);
  });
});
