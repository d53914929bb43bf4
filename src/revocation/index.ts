/** Is this token dead? */
export { fromRevokingObjects, fromTokenRevocations, type RevokingObject } from './from-objects.ts';
export { RevocationIndex } from './revocation-index.ts';
export { parseTimestamp } from './timestamp.ts';
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
