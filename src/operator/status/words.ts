/** Problems as one bounded line for people. */
import type { Problem } from '../../policy/types.ts';

const MAX_SHOWN = 8;
const MAX_MESSAGE = 300;

/** `path: message (Code)` of each, as far as they fit; what is left out is counted. */
export function listOf(problems: readonly Pick<Problem, 'path' | 'message' | 'code'>[]): string {
  const shown = problems.slice(0, MAX_SHOWN).map(({ path, message, code }) => `${path}: ${cut(message)} (${code})`);
  const more = problems.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function cut(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}
