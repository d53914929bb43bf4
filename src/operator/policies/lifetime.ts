/** What a status says of time: when a policy was revoked, and how long what it gave may still be good. */
import { kubeTime } from '../../kube/index.ts';
import { parseDuration } from '../../policy/index.ts';
import { member, text } from '../errors.ts';
import type { HeldPolicy } from '../held.ts';

/** Seconds after which a replica that is cut off verifies nothing more. */
const VERIFIES = 30 * 60;
/** The `ttl` of a rule that says none. */
const DEFAULT_TTL = 3_600;
/** No token lives longer. */
const LONGEST = 86_400;

export interface Limits {
  /** Seconds after which a replica that is cut off issues nothing more. */
  readonly maxStaleness: number;
}

export interface Times {
  readonly revokedAt?: string;
  readonly tokensValidUntil?: string;
  readonly effectiveEverywhereBy?: string;
}

/**
 * The high-water mark of the ttl that its rules gave, as a duration: a ttl that is lowered shortens no token that was
 * issued before. Undefined where it never gave any.
 */
export function longestTtl({ read, status }: HeldPolicy): string | undefined {
  const before = parseDuration(text(status, 'longestTtl') ?? '') ?? 0;
  const rules = 'trustRules' in read.object.spec ? read.object.spec.trustRules : undefined;
  // What cannot be read may have given anything.
  const now = rules
    ? Math.max(0, ...rules.map(({ issue }) => (issue ? (parseDuration(issue.ttl ?? '') ?? DEFAULT_TTL) : 0)))
    : before || LONGEST;
  const longest = Math.min(LONGEST, Math.max(before, now));
  return longest === 0 ? undefined : durationOf(longest);
}

/** @param now epoch milliseconds */
export function timesOf(phase: string, one: HeldPolicy, now: number, limits: Limits): Times {
  const was = text(one.status, 'phase');
  if (phase === 'Revoked') return killedAt((was === 'Revoked' && timeOf(one.status, 'revokedAt')) || now, limits);
  if (phase !== 'Suspended') return {};
  const known = was === 'Suspended' ? timeOf(one.status, 'effectiveEverywhereBy') : undefined;
  return stoppedBy(known ?? now + limits.maxStaleness * 1_000, one);
}

/** Of a policy that is being deleted. */
export function timesOfDeletion(one: HeldPolicy, limits: Limits): Times {
  const deleted = Date.parse(one.read.object.metadata.deletionTimestamp ?? '');
  const wasRevoked = one.revoking?.revoked && text(one.status, 'phase') === 'Revoked';
  const at = (wasRevoked && timeOf(one.status, 'revokedAt')) || deleted;
  if (one.revoking?.revoked) return killedAt(at, limits);
  return { revokedAt: kubeTime(deleted), ...stoppedBy(deleted + limits.maxStaleness * 1_000, one) };
}

/** Issuance stops where a replica is cut off later than verifying does, if `maxStaleness` says so. */
function killedAt(at: number, { maxStaleness }: Limits): Times {
  const by = kubeTime(at + Math.max(VERIFIES, maxStaleness) * 1_000);
  return { revokedAt: kubeTime(at), effectiveEverywhereBy: by, tokensValidUntil: by };
}

function stoppedBy(by: number, one: HeldPolicy): Times {
  const longest = parseDuration(longestTtl(one) ?? '') ?? 0;
  return { effectiveEverywhereBy: kubeTime(by), tokensValidUntil: kubeTime(by + longest * 1_000) };
}

/** The members of a status that `Times` takes the place of. */
export function withoutTimes(status: unknown): object {
  const { revokedAt: _, tokensValidUntil: __, effectiveEverywhereBy: ___, ...rest } = (status ?? {}) as Times;
  return rest;
}

/** Epoch milliseconds. */
function timeOf(status: unknown, name: keyof Times): number | undefined {
  const at = Date.parse(String(member(status, name)));
  return Number.isNaN(at) ? undefined : at;
}

function durationOf(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3_600), 'h'],
    [Math.floor((seconds % 3_600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts.flatMap(([n, unit]) => (n > 0 ? [`${n}${unit}`] : [])).join('');
}
