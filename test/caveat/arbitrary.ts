import fc from 'fast-check';
import { formatTime } from '../../src/caveat/index.ts';

/** Few values, so that random caveats and random calls often meet. */
export const WORDS = ['a', 'b', 'c'] as const;
const word = fc.constantFrom(...WORDS);
const words = fc.uniqueArray(word, { minLength: 1 }).map((list) => list.join(','));

/** Around this second all random times lie. */
export const NOW = 1_770_000_000;
export const time = fc.integer({ min: NOW - 20, max: NOW + 20 });

const equalOrIn = (key: string) =>
  fc.oneof(
    word.map((value) => `${key} = ${value}`),
    words.map((value) => `${key} in ${value}`),
  );

export const checkedText = fc.oneof(
  fc.tuple(fc.constantFrom('<', '>='), time).map(([operator, at]) => `time ${operator} ${formatTime(at)}`),
  word.map((value) => `aud = ${value}`),
  ...['scope', 'tool', 'method', 'path'].map(equalOrIn),
  fc.nat(30).map((credits) => `budget_credits <= ${credits}`),
);

export const attributeKey = fc.constantFrom('tenant', 'department', 'label', 'repo');
export const factText = fc.tuple(attributeKey, word).map(([key, value]) => `${key} = ${value}`);
export const noteText = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' }).map((text) => {
  return `note = ${text.trim() || 'x'}`;
});

/** Any caveat of the language. */
export const caveatText = fc.oneof(checkedText, attributeKey.chain(equalOrIn), noteText);

export const call = fc.record(
  { scope: word, tool: word, method: word, path: word, cost: fc.nat(30) },
  { requiredKeys: [] },
);
