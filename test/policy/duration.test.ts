import assert from 'node:assert/strict';
import { parseDuration } from '../../src/policy/index.ts';

describe('parseDuration', () => {
  const good: [string, number][] = [
    ['8h', 28_800],
    ['90m', 5400],
    ['1h30m', 5400],
    ['1h0m5s', 3605],
    ['45s', 45],
    ['0s', 0],
  ];
  for (const [text, seconds] of good) {
    it(`reads ${text} as ${seconds} seconds`, () => {
      assert.equal(parseDuration(text), seconds);
    });
  }
  for (const text of [
    '',
    'h',
    '8',
    '8 h',
    '-8h',
    '8H',
    '1.5h',
    '30m1h',
    '8h\n',
    '8d',
    'h8',
    '1234567h',
    '1m'.repeat(20),
  ]) {
    it(`takes ${JSON.stringify(text)} for no duration`, () => {
      assert.equal(parseDuration(text), undefined);
    });
  }
});
