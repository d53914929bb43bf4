/** docs/reference/caveats.md, from the vocabulary of src/caveat. */
import {
  type CaveatDenial,
  type CaveatErrorCode,
  CHECKED_KEYS,
  type CheckedKey,
  ISSUER_KEYS,
  MAX_CAVEAT_BYTES,
  NOTE_KEY,
  OPERATORS,
  type Operator,
  operatorsOf,
  RESERVED_KEYS,
} from '../../src/caveat/index.ts';
import { code, explained, GENERATED, table } from './markdown.ts';

const COMPARED: Readonly<Record<CheckedKey, string>> = {
  time: 'now',
  aud: 'the audience of the resource that is called',
  scope: "the call's scope",
  tool: "the call's tool",
  method: "the call's method",
  path: "the call's path",
  budget_credits: "the call's cost, where one is stated; without, it holds: it is a ceiling",
};

const MEANS: Readonly<Record<Operator, string>> = {
  '=': 'is exactly',
  '<': 'is before',
  '<=': 'is at most',
  '>=': 'is at or after',
  in: 'is one of the items, separated by `,` without spaces',
};

const VALUES: Readonly<Record<string, string>> = {
  time: '`YYYY-MM-DDTHH:MM:SSZ`, a time that exists',
  budget_credits: 'a whole number, 0 to 2^53-1, without leading zeros',
};

export const CAVEAT_CODES: Readonly<Record<CaveatErrorCode, string>> = {
  caveat_too_long: `longer than ${MAX_CAVEAT_BYTES} bytes`,
  caveat_character: 'a character that is no printable ASCII',
  caveat_form: 'not `key op value` with one space each side of the operator',
  caveat_key: 'the key does not match `[a-z][a-z0-9_.]{0,62}`',
  caveat_operator: 'an operator that this key does not take',
  caveat_value: 'an empty value, a space at one of its ends, or none of the type that the key has',
};

export const CAVEAT_DENIALS: Readonly<Record<Exclude<CaveatDenial, CaveatErrorCode>, string>> = {
  expired: '`time <` is over',
  not_yet_valid: '`time >=` is still to come',
  not_carried: 'the call does not say what the caveat asks for',
  no_match: 'the call, or the fact that the issuer stated, is another',
  over_budget: 'the call costs more',
  not_a_fact: 'an appended attribute of which the issuer stated no fact',
  repeated_fact: "an attribute that stands twice among the issuer's",
};

export function caveatsPage(): string {
  const checked = [...CHECKED_KEYS.keys()].map((key) => [
    code(key),
    operatorsOf(key).map(code).join(' '),
    VALUES[key] ?? 'text',
    COMPARED[key as CheckedKey],
    ISSUER_KEYS.includes(key) ? 'the issuer, and whoever holds the token' : 'whoever holds the token',
  ]);
  const own = ISSUER_KEYS.filter((key) => !CHECKED_KEYS.has(key))
    .map(code)
    .join(' and ');
  return `${GENERATED}
# Caveats

A caveat is \`key op value\`: printable ASCII, at most ${MAX_CAVEAT_BYTES} bytes, one space each side of the operator. How tokens hold them, and how to verify: [tokens.md](../tokens.md#caveats).

## Checked keys

Compared with the call, wherever they stand. One that the call does not carry denies.

${table(['key', 'operators', 'value', 'compared with', 'written by'], checked)}

## Attributes

Every other key but ${code(NOTE_KEY)}: ${operatorsOf('department').map(code).join(' and ')}. Among the first \`n\` caveats it stands once, with \`=\`, and states a fact; later ones are compared with the fact. ${own} are the issuer's own.

${code(NOTE_KEY)}, with ${operatorsOf(NOTE_KEY).map(code).join(' ')}, always holds and is unverified.

A policy cannot write ${[...RESERVED_KEYS].sort().map(code).join(' ')}.

## Operators

${table(
  ['operator', 'holds if what it is compared with'],
  OPERATORS.map((operator) => [code(operator), MEANS[operator]]),
)}

## Why a caveat is refused

That cannot be read, at the door and by the command line:

${explained(CAVEAT_CODES)}

That does not hold, as \`/api/mint/verify\` says it:

${explained(CAVEAT_DENIALS)}
`;
}
