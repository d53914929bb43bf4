/** Which changes of a status people are told by an Event. */
import { type Condition, changedConditions, readConditions } from '../../kube/index.ts';
import { text } from '../errors.ts';
import type { News } from './types.ts';

/** @param old the status as it was; @param conditions those to be written */
export function conditionNews(old: unknown, conditions: readonly Condition[]): News[] {
  const before = new Map(readConditions(conditionsOf(old)).map((one) => [one.type, one.status]));
  return changedConditions(conditionsOf(old), conditions).flatMap(({ type, status, reason, message }): News[] => {
    const was = before.get(type);
    if (type === 'Accepted') {
      if (status === 'False') return [{ type: 'Warning', reason: 'Invalid', note: `${reason}: ${message}` }];
      return [{ type: 'Normal', reason: 'Accepted', note: message }];
    }
    if (type === 'ResolvedRefs') {
      if (status === 'False') return [{ type: 'Warning', reason: 'UnresolvedRefs', note: message }];
      return status === 'True' && was === 'False' ? [{ type: 'Normal', reason: 'ResolvedRefs', note: message }] : [];
    }
    return [];
  });
}

const STATES: Readonly<Record<string, News>> = {
  Suspended: { type: 'Normal', reason: 'Suspended', note: 'what the policy matches is refused; what it gave runs out' },
  Revoked: { type: 'Normal', reason: 'Revoked', note: 'what the policy matches is refused, and what it gave is dead' },
  Resumed: { type: 'Normal', reason: 'Resumed', note: 'the policy gives tokens again' },
};

/** @param old the status as it was; @param phase the one to be written */
export function phaseNews(old: unknown, phase: string): News[] {
  const before = text(old, 'phase');
  if (before === phase) return [];
  const one = phase === 'Active' && before === 'Suspended' ? STATES.Resumed : STATES[phase];
  return one ? [one] : [];
}

/** Whether a condition comes to have this reason with what is to be written. */
export function changedTo(old: unknown, conditions: readonly Condition[], type: string, reason: string): boolean {
  const changed = changedConditions(conditionsOf(old), conditions);
  return changed.some((one) => one.type === type && one.reason === reason);
}

/** `status.conditions` as read, whatever it is. */
export function conditionsOf(status: unknown): unknown {
  return typeof status === 'object' && status !== null && 'conditions' in status ? status.conditions : undefined;
}
