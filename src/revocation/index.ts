/** Is this token dead? */
export { deadAlready } from './dead-already.ts';
export {
  endOf,
  fromRevokingObjects,
  fromTokenRevocation,
  fromTokenRevocations,
  type RevokingObject,
} from './from-objects.ts';
export { type Claim, type Going, type Lingering, type Now, RevocationLedger, type Verdict } from './ledger.ts';
export { covers, RevocationIndex } from './revocation-index.ts';
export { LATEST, parseTimestamp } from './timestamp.ts';
export type {
  Conversion,
  FeedEntry,
  RevocationEntry,
  RevocationFeed,
  RevocationHit,
  RevocationProblem,
  RevocationTarget,
  TokenFacts,
} from './types.ts';
