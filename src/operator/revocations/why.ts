/** Why what went is kept dead, or is not, for people. */
import type { Lingering } from '../../revocation/index.ts';

/**
 * @param finalized whether what goes leaves a TokenRevocation first, by its finalizer
 * @returns whether a person should look into it
 */
export function whyKept(
  { claim, how }: Lingering,
  finalized = true,
): { readonly why: string; readonly isOdd: boolean } {
  const { namespace = '-', entry, kind } = claim;
  const what = entry.source;
  if (how === 'restored')
    return { why: `${what} is missing from data older than they were (restored?); delete this if meant`, isOdd: true };
  if (how === 'reverted') return { why: `${what} revoked more than it does now, and nobody edited it`, isOdd: true };
  if (kind !== 'TokenRevocation') return { why: `${what} is gone and left no TokenRevocation`, isOdd: finalized };
  if (how === 'missed') return { why: `nobody saw ${what} being deleted; delete this if it was meant`, isOdd: true };
  if (how === 'moved') return { why: `the namespace ${namespace} of ${what} changed its tenant`, isOdd: false };
  return { why: `${what} went with its namespace`, isOdd: false };
}

export const FAILED = {
  impossible: 'nothing can be kept dead: the kind TokenRevocation or our own namespace is going',
  unjudged: 'it cannot be found out whether a TokenRevocation was taken back: it stays in force',
  keep: 'what was dead cannot be kept dead: it stays so in the replicas that run',
  tell: 'what was dead is kept dead, and nobody is told',
  bury: 'a TokenRevocation cannot be written for a policy that revokes',
  remove: 'a TokenRevocation that is over cannot be removed',
} as const;
