/** Conditions (KEP-1623): what is true of an object, since when, and of which generation of it. */
import { boundedText } from './text.ts';

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A metav1.Condition without the time, which the merge works out. */
export interface NewCondition {
  readonly type: string;
  readonly status: ConditionStatus;
  /** CamelCase: it is API. */
  readonly reason: string;
  /** For people; cut to 4,096 characters. */
  readonly message: string;
  /** The metadata.generation that was looked at. */
  readonly observedGeneration?: number;
}

export interface Condition extends NewCondition {
  /** RFC 3339, seconds. */
  readonly lastTransitionTime: string;
}

const MAX_CONDITIONS = 16;
const MAX_MESSAGE = 4_096;
const MAX_TYPE = 316;
const MAX_REASON = 1_024;
const STATUSES: readonly unknown[] = ['True', 'False', 'Unknown'];

/** metav1.Time. */
export function kubeTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/**
 * The conditions to write: `next` in place of those of the same type, `lastTransitionTime` kept where the status is what
 * it was. Others that the object carries stay, in their order, up to 16 in all; `removed` types go.
 *
 * @param old `status.conditions` as read; anything that is no condition is dropped
 * @param now epoch milliseconds
 * @throws RangeError for a reason that the API would refuse: that is a mistake of ours
 */
export function mergeConditions(
  old: unknown,
  next: readonly NewCondition[],
  now: number,
  removed: readonly string[] = [],
): Condition[] {
  const merged = new Map(readConditions(old).map((condition) => [condition.type, condition]));
  for (const type of removed) merged.delete(type);
  for (const condition of next) {
    if (!isReason(condition.reason)) throw new RangeError(`not a condition's reason: ${condition.reason.slice(0, 64)}`);
    const before = merged.get(condition.type);
    merged.set(condition.type, {
      ...condition,
      message: boundedText(condition.message, MAX_MESSAGE),
      lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : kubeTime(now),
    });
  }
  const ours = new Set(next.map(({ type }) => type));
  let foreign = MAX_CONDITIONS - ours.size;
  return [...merged.values()].filter(({ type }) => {
    if (ours.has(type)) return true;
    foreign -= 1;
    return foreign >= 0;
  });
}

/** The conditions of an object as read: whatever is none is left out, and a type counts once. */
export function readConditions(conditions: unknown): Condition[] {
  if (!Array.isArray(conditions)) return [];
  const found = new Map<string, Condition>();
  for (const each of conditions.slice(0, 2 * MAX_CONDITIONS)) {
    const { type, status, reason, message, observedGeneration, lastTransitionTime } = (each ?? {}) as Record<
      string,
      unknown
    >;
    if (typeof type !== 'string' || type === '' || type.length > MAX_TYPE || !STATUSES.includes(status)) continue;
    if (typeof lastTransitionTime !== 'string' || Number.isNaN(Date.parse(lastTransitionTime))) continue;
    found.set(type, {
      type,
      status: status as ConditionStatus,
      reason: typeof reason === 'string' ? reason.slice(0, MAX_REASON) : '',
      message: typeof message === 'string' ? boundedText(message, MAX_MESSAGE) : '',
      ...(Number.isSafeInteger(observedGeneration) && { observedGeneration: observedGeneration as number }),
      lastTransitionTime,
    });
  }
  return [...found.values()];
}

/** Those of `merged` whose status or reason is not what it was in `old`: what an Event is worth. */
export function changedConditions(old: unknown, merged: readonly Condition[]): Condition[] {
  const before = new Map(readConditions(old).map((condition) => [condition.type, condition]));
  return merged.filter(({ type, status, reason }) => {
    const known = before.get(type);
    return known?.status !== status || known.reason !== reason;
  });
}

function isReason(reason: string): boolean {
  return reason.length <= MAX_REASON && /^[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?$/.test(reason);
}
