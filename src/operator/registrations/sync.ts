/** What the status of a registration says. */
import { kubeTime, mergeConditions } from '../../kube/index.ts';
import { type Agent, reportAgent } from '../../policy/index.ts';
import type { ObjectReport } from '../../policy/types.ts';
import { text } from '../errors.ts';
import { withoutTimes } from '../policies/lifetime.ts';
import { conditionNews, conditionsOf } from '../status/transitions.ts';
import type { News, Said } from '../status/types.ts';
import type { HeldRegistration } from './held.ts';
import type { Registrations } from './registrations.ts';

/** Seconds after which a replica that is cut off verifies nothing more. */
const VERIFIES = 30 * 60;
/** Seconds: no token lives longer. */
const LONGEST = 86_400;
const HOUR = 3_600_000;
const MAX_SHOWN = 3;

export interface Limits {
  /** Seconds after which a replica that is cut off issues nothing more. */
  readonly maxStaleness: number;
}

/** @param now NumericDate seconds */
export function reportOf(one: HeldRegistration, all: Registrations, now: number): ObjectReport {
  const { uid, name, traits, generation, rare } = one;
  return reportAgent(
    {
      uid,
      namespace: traits.namespace,
      name,
      generation,
      agent: one,
      ...(rare?.fault && { fault: rare.fault }),
      isDeleting: rare?.deletionTimestamp !== undefined,
      isRegistry: all.isRegistry(traits.namespace),
      duplicates: named(all.duplicatesOf(one)),
      pods: named(all.podsOf(one)),
    },
    now,
  );
}

/** The first few. */
function named(agents: Iterable<Agent>): string[] {
  const names: string[] = [];
  for (const { traits, name } of agents) {
    names.push(`${traits.namespace}/${name}`);
    if (names.length === MAX_SHOWN) break;
  }
  return names;
}

/** The part of a status that has no times in it. */
export function statusOfReport({ generation, phase, conditions }: ObjectReport) {
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return { ...observed, phase, conditions: conditions.map((condition) => ({ ...condition, ...observed })) };
}

/**
 * @param old the status as it is: what others wrote there stays
 * @param seenHour hours since the epoch, where that is news
 * @param now epoch milliseconds
 */
export function syncRegistration(
  report: ObjectReport,
  old: unknown,
  seenHour: number | undefined,
  now: number,
  { maxStaleness }: Limits,
): Said {
  const { conditions: next, ...said } = statusOfReport(report);
  const conditions = mergeConditions(conditionsOf(old), next, now);
  const was = text(old, 'phase');
  const isNew = report.phase !== was;
  const times = timesOf(report.phase, isNew, old, now, maxStaleness);
  return {
    status: {
      ...withoutTimes(old),
      ...said,
      ...(seenHour !== undefined && { lastSeen: kubeTime(seenHour * HOUR) }),
      ...times,
      conditions,
    },
    news: [...conditionNews(old, conditions).filter(({ type }) => type === 'Warning'), ...phaseNews(was, report.phase)],
    ...(report.phase === 'Revoked' &&
      isNew && {
        end: {
          action: 'revoked' as const,
          policy_kind: report.kind,
          uid: report.uid,
          namespace: report.namespace ?? null,
          name: report.name,
          why: 'state: Revoked',
          tombstone: null,
          tokens_valid_until: times.tokensValidUntil === undefined ? null : Date.parse(times.tokensValidUntil) / 1_000,
        },
      }),
  };
}

interface Times {
  readonly revokedAt?: string;
  readonly tokensValidUntil?: string;
  readonly effectiveEverywhereBy?: string;
}

function timesOf(phase: string, isNew: boolean, old: unknown, now: number, maxStaleness: number): Times {
  if (phase === 'Revoked') {
    const at = (!isNew && Date.parse(text(old, 'revokedAt') ?? '')) || now;
    const by = kubeTime(at + Math.max(VERIFIES, maxStaleness) * 1_000);
    return { revokedAt: kubeTime(at), effectiveEverywhereBy: by, tokensValidUntil: by };
  }
  if (phase !== 'Suspended') return {};
  const by = (!isNew && Date.parse(text(old, 'effectiveEverywhereBy') ?? '')) || now + maxStaleness * 1_000;
  return { effectiveEverywhereBy: kubeTime(by), tokensValidUntil: kubeTime(by + LONGEST * 1_000) };
}

const PHASES: Readonly<Record<string, News>> = {
  Suspended: { type: 'Normal', reason: 'Suspended', note: 'the agent is refused; what it was given runs out' },
  Revoked: { type: 'Normal', reason: 'Revoked', note: 'the agent is refused, and what it was given is dead' },
  Resumed: { type: 'Normal', reason: 'Resumed', note: 'the agent is given tokens again' },
};

function phaseNews(before: string | undefined, phase: string): News[] {
  if (before === phase) return [];
  const one = phase === 'Active' && before === 'Suspended' ? PHASES.Resumed : PHASES[phase];
  return one ? [one] : [];
}
