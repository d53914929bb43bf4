/** Which keys are compared with the call, with which operators, and which the issuer alone writes. */

export type Operator = '=' | '<' | '<=' | '>=' | 'in';

export const OPERATORS: readonly Operator[] = ['=', '<', '<=', '>=', 'in'];

/** Keys that a call carries as text, under the same names. */
export type CallKey = 'scope' | 'tool' | 'method' | 'path';

export type CheckedKey = 'time' | 'aud' | CallKey | 'budget_credits';

const equalOrIn: readonly Operator[] = ['=', 'in'];

/** The checked keys, each with its operators: compared with the request wherever they stand. */
export const CHECKED_KEYS: ReadonlyMap<string, readonly Operator[]> = new Map<CheckedKey, readonly Operator[]>([
  ['time', ['<', '>=']],
  ['aud', ['=']],
  ['scope', equalOrIn],
  ['tool', equalOrIn],
  ['method', equalOrIn],
  ['path', equalOrIn],
  ['budget_credits', ['<=']],
]);

/** Always holds, wherever it stands, and is shown as unverified. */
export const NOTE_KEY = 'note';

/** Keys that the issuer places itself: a policy cannot write them. */
export const ISSUER_KEYS: readonly string[] = ['time', 'aud', 'tenant', 'scope', 'budget_credits', 'label'];

/** Every key that is no attribute of a policy's own: the issuer's, the other checked ones, and `note`. */
export const RESERVED_KEYS: ReadonlySet<string> = new Set([...ISSUER_KEYS, ...CHECKED_KEYS.keys(), NOTE_KEY]);

export type KeySort = 'checked' | 'note' | 'attribute';

/** The sort of a key decides how its caveat is judged, not its position alone. */
export function sortOf(key: string): KeySort {
  if (CHECKED_KEYS.has(key)) return 'checked';
  return key === NOTE_KEY ? 'note' : 'attribute';
}

/** The operators that a key may stand with; an attribute among the issuer's only with `=`. */
export function operatorsOf(key: string): readonly Operator[] {
  return CHECKED_KEYS.get(key) ?? (key === NOTE_KEY ? ['='] : equalOrIn);
}
