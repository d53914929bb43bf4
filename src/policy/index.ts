/** Policies: compiled into a snapshot, ordered, indexed, matched, explained. */
export { compile } from './compile.ts';
export { parseDuration } from './duration.ts';
export { lint, lintInSteps } from './lint.ts';
export type * from './types.ts';
