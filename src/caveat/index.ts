/** The caveat language of macaroons: grammar, vocabulary, evaluation. */
export { CaveatError, type CaveatErrorCode } from './errors.ts';
export {
  type CallContext,
  type CaveatDenial,
  type Evaluation,
  type EvaluationContext,
  evaluateCaveats,
  judgeAttribute,
  type PlacedCaveats,
  stateFact,
} from './evaluate.ts';
export { type Caveat, formatCaveat, MAX_CAVEAT_BYTES, parseCaveat } from './grammar.ts';
export { formatTime, parseTime } from './values.ts';
export {
  CHECKED_KEYS,
  type CheckedKey,
  ISSUER_KEYS,
  type KeySort,
  NOTE_KEY,
  OPERATORS,
  type Operator,
  operatorsOf,
  RESERVED_KEYS,
  sortOf,
} from './vocabulary.ts';
