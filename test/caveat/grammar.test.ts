import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  CaveatError,
  type CaveatErrorCode,
  formatCaveat,
  formatTime,
  MAX_CAVEAT_BYTES,
  parseCaveat,
  parseTime,
} from '../../src/caveat/index.ts';
import { caveatText } from './arbitrary.ts';

function refused(code: CaveatErrorCode) {
  return (error: unknown) => error instanceof CaveatError && error.code === code;
}

const refusals: Record<CaveatErrorCode, readonly string[]> = {
  caveat_too_long: [`note = ${'x'.repeat(MAX_CAVEAT_BYTES - 6)}`],
  caveat_character: ['department = r\u00e9search', 'note = a\tb', 'note = a\u0000', 'note = a\nb', 'note = \u{1f600}'],
  caveat_form: ['', 'department', 'department =', 'department=research', 'expires'],
  caveat_key: [' = x', 'Department = x', '1st = x', '_x = y', '__proto__ = x', 'a-b = c', `${'a'.repeat(64)} = x`],
  caveat_operator: [
    'department == x',
    'department < x',
    'department  = x',
    'department != x',
    'department IN x',
    'time = 2026-01-01T00:00:00Z',
    'time <= 2026-01-01T00:00:00Z',
    'time in 2026-01-01T00:00:00Z',
    'aud in a,b',
    'scope < a',
    'budget_credits = 5',
    'budget_credits < 5',
    'budget_credits >= 5',
    'note in a,b',
  ],
  caveat_value: [
    'department = ',
    'department =  x',
    'department = x ',
    'scope in ',
    'scope in a,',
    'scope in ,a',
    'scope in a,,b',
    'scope in a, b',
    'budget_credits <= 01',
    'budget_credits <= -1',
    'budget_credits <= +1',
    'budget_credits <= 1.0',
    'budget_credits <= 1e3',
    'budget_credits <= 0x10',
    'budget_credits <= 9007199254740992',
    'budget_credits <= 99999999999999999999',
    'budget_credits <= Infinity',
    'time < 2026-02-30T00:00:00Z',
    'time < 2025-02-29T00:00:00Z',
    'time < 2026-01-01T24:00:00Z',
    'time < 2026-01-01T23:59:60Z',
    'time < 2026-13-01T00:00:00Z',
    'time < 2026-01-01T00:00:00',
    'time < 2026-01-01T00:00:00z',
    'time < 2026-01-01T00:00:00.000Z',
    'time < 2026-01-01T00:00:00+00:00',
    'time < 1767225600',
  ],
};

describe('the grammar of a caveat', () => {
  for (const [code, texts] of Object.entries(refusals)) {
    for (const text of texts) {
      it(`refuses ${JSON.stringify(text.slice(0, 60))} with ${code}`, () => {
        assert.throws(() => parseCaveat(text), refused(code as CaveatErrorCode));
      });
    }
  }

  it('reads every operator with a value of its type', () => {
    assert.deepEqual(parseCaveat('department = research'), { key: 'department', operator: '=', value: 'research' });
    assert.deepEqual(parseCaveat('scope in a:read,b:write'), {
      key: 'scope',
      operator: 'in',
      value: 'a:read,b:write',
      items: ['a:read', 'b:write'],
    });
    assert.equal(parseCaveat('budget_credits <= 9007199254740991').number, Number.MAX_SAFE_INTEGER);
    assert.equal(parseCaveat('budget_credits <= 0').number, 0);
    assert.equal(parseCaveat('time < 1970-01-01T00:00:10Z').number, 10);
    assert.equal(parseCaveat('time >= 2024-02-29T23:59:59Z').number, Date.UTC(2024, 1, 29, 23, 59, 59) / 1000);
  });

  it('takes everything after the operator as one value: operators, commas and spaces inside mean nothing', () => {
    assert.equal(parseCaveat('department = a = b, budget_credits <= 9').value, 'a = b, budget_credits <= 9');
    assert.equal(parseCaveat('x.y_z0 = a,b').items, undefined);
  });

  it('accepts exactly 1 KiB and a key of 63 characters', () => {
    assert.equal(parseCaveat(`note = ${'x'.repeat(MAX_CAVEAT_BYTES - 7)}`).value.length, MAX_CAVEAT_BYTES - 7);
    assert.equal(parseCaveat(`${'a'.repeat(63)} = x`).key.length, 63);
  });

  it('P23: a value cannot carry a second caveat in, by newline or any other control character', () => {
    for (let code = 0; code < 0x20; code++) {
      const text = `department = x${String.fromCharCode(code)}budget_credits <= 999999`;
      assert.throws(() => parseCaveat(text), refused('caveat_character'));
    }
    assert.throws(() => parseCaveat('department = x\u2028y'), refused('caveat_character'));
  });

  it('writes back what it reads', () => {
    fc.assert(
      fc.property(caveatText, (text) => {
        assert.equal(formatCaveat(parseCaveat(text)), text);
      }),
      { numRuns: 500 },
    );
  });

  it('throws nothing but its own error, and never repeats the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ maxLength: 80 })), (text) => {
        try {
          parseCaveat(`time < ${text}`);
          parseCaveat(text);
        } catch (error) {
          assert.ok(error instanceof CaveatError);
          assert.ok(text.length < 20 || !error.message.includes(text));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('formats every second of four-digit years so that it reads the same second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59) / 1000 }), (seconds) => {
        assert.equal(parseTime(formatTime(seconds)), seconds);
      }),
    );
  });
});
