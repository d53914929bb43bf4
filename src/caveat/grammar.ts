import { CaveatError } from './errors.ts';
import { parseInteger, parseItems, parseTime } from './values.ts';
import { type Operator, operatorsOf } from './vocabulary.ts';

/** Bytes, which are characters: a caveat is ASCII. */
export const MAX_CAVEAT_BYTES = 1024;

const PRINTABLE = /^[\x20-\x7e]*$/;
const KEY = /^[a-z][a-z0-9_.]{0,62}$/;

/** One predicate. */
export interface Caveat {
  readonly key: string;
  readonly operator: Operator;
  /** As written. */
  readonly value: string;
  /** The value of `time` in seconds since the epoch, of `budget_credits` in credits. */
  readonly number?: number;
  /** What an `in` lists. */
  readonly items?: readonly string[];
}

/**
 * Reads `key op value`: one space each side of the operator, an operator that the key allows, a value of the key's type.
 * @throws CaveatError where the text is anything else; it is capped at MAX_CAVEAT_BYTES before it is read.
 */
export function parseCaveat(text: string): Caveat {
  if (text.length > MAX_CAVEAT_BYTES) {
    throw new CaveatError('caveat_too_long', `a caveat has at most ${MAX_CAVEAT_BYTES} bytes`);
  }
  if (!PRINTABLE.test(text)) throw new CaveatError('caveat_character', 'a caveat is printable ASCII');
  const keyEnd = text.indexOf(' ');
  const operatorEnd = text.indexOf(' ', keyEnd + 1);
  if (keyEnd < 0 || operatorEnd < 0) {
    throw new CaveatError('caveat_form', 'a caveat is `key op value`, with one space each side of the operator');
  }
  const key = text.slice(0, keyEnd);
  if (!KEY.test(key)) throw new CaveatError('caveat_key', 'the key must match [a-z][a-z0-9_.]{0,62}');
  const written = text.slice(keyEnd + 1, operatorEnd);
  const operator = operatorsOf(key).find((allowed) => allowed === written);
  if (!operator) {
    throw new CaveatError('caveat_operator', `the operator of ${key} must be ${operatorsOf(key).join(' or ')}`);
  }
  return typed(key, operator, text.slice(operatorEnd + 1));
}

/** The text of a caveat; `parseCaveat` of it gives the caveat back. */
export function formatCaveat(caveat: Pick<Caveat, 'key' | 'operator' | 'value'>): string {
  return `${caveat.key} ${caveat.operator} ${caveat.value}`;
}

function typed(key: string, operator: Operator, value: string): Caveat {
  if (value === '' || value.startsWith(' ') || value.endsWith(' ')) {
    throw new CaveatError('caveat_value', 'the value must not be empty, nor begin or end with a space');
  }
  if (key === 'time') return { key, operator, value, number: parseTime(value) };
  if (key === 'budget_credits') return { key, operator, value, number: parseInteger(value) };
  if (operator === 'in') return { key, operator, value, items: parseItems(value) };
  return { key, operator, value };
}
