/** Which registrations there is something to say of, and what their deletion takes. */
import type { KubeClient } from '../../kube/types.ts';
import type { Copies } from '../copies.ts';
import { FINALIZER } from '../deletion/finalizer.ts';
import type { DeletedKind } from '../deletion/types.ts';
import { statusOf } from '../errors.ts';
import { WATCHED } from '../kinds.ts';
import type { StatusKind } from '../status/types.ts';
import { saidBy } from './digest.ts';
import { deletable, endedRegistration } from './ended.ts';
import { type HeldRegistration, keyOf } from './held.ts';
import { type Limits, reportOf, statusOfReport, syncRegistration } from './sync.ts';

type View = { readonly copies: Pick<Copies, 'agents' | 'registrations'> };

/** Registrations that are looked at before others have their turn. */
const SLICE = 1_000;
/** Living ones that are looked at for the sake of a finalizer, at a time. */
const BARE = 200;
/** Milliseconds. */
const DEADLINE = 4_000;
const TYPE = WATCHED.AgentRegistration;

export interface RegistrationStatusSettings extends Limits {
  readonly view: View;
  /** Statuses are not held: each is read before it is written. */
  readonly client: Pick<KubeClient, 'get'>;
}

/** Of a million nearly all say what they should: only those of which there is news are looked at, and all now and then. */
export function registrationStatus({ view, client, ...limits }: RegistrationStatusSettings): StatusKind {
  const { agents } = view.copies;
  let scan: Iterator<[string, HeldRegistration]> | undefined;
  const items = () => view.copies.registrations.items();

  function isNews(key: string, one: HeldRegistration, now: number): boolean {
    if (one.rare?.deletionTimestamp !== undefined) return !one.finalizers.includes(FINALIZER);
    const seen = agents.seenHour(key);
    if (seen !== undefined && seen > one.seenHour) return true;
    return saidBy(timed(statusOfReport(reportOf(one, agents, now / 1_000)))) !== one.said;
  }

  return {
    type: TYPE,
    keys() {
      scan = items().entries();
      return [];
    },
    *news(now) {
      const changed = agents.takeNews();
      if (changed === 'all') scan = items().entries();
      else
        for (const key of changed) {
          const one = items().get(key);
          if (one && isNews(key, one, now)) yield key;
        }
      for (let left = SLICE; scan && left > 0; left -= 1) {
        const next = scan.next();
        if (next.done) scan = undefined;
        else if (isNews(...next.value, now)) yield next.value[0];
      }
    },
    more: () => scan !== undefined,
    forget() {
      scan = items().entries();
    },
    async sync(key, now) {
      const one = items().get(key);
      if (!one || !isNews(key, one, now)) return undefined;
      const { uid, name, traits, resourceVersion } = one;
      const raw = await client
        .get(TYPE, name, traits.namespace, { deadlineMs: DEADLINE })
        .catch((error: unknown) => (statusOf(error) === 404 ? undefined : Promise.reject(error)));
      // Another one by now, whose turn comes.
      if (raw?.metadata.uid !== uid || raw.metadata.resourceVersion !== resourceVersion) return undefined;
      const { apiVersion = '', kind = '', metadata, status } = raw;
      const object = { apiVersion, kind, metadata, status };
      if (one.rare?.deletionTimestamp !== undefined) {
        return { object, ...endedRegistration(deletable(one), now, limits) };
      }
      const seen = agents.seenHour(key);
      return {
        object,
        ...syncRegistration(reportOf(one, agents, now / 1_000), status, seen, now, limits),
      };
    },
  };
}

export function registrationDeletion(view: View, limits: Limits): DeletedKind {
  const { agents } = view.copies;
  return {
    kind: 'AgentRegistration',
    type: TYPE,
    by: 'agent',
    held: () => ({
      get(key) {
        const one = view.copies.registrations.items().get(key);
        return one && deletable(one);
      },
      *values() {
        for (const one of agents.unsettled(BARE)) yield deletable(one);
      },
      *[Symbol.iterator]() {
        for (const one of agents.unsettled(BARE)) yield [keyOf(one), deletable(one)];
      },
    }),
    ended: (one, now, waitsFor) => endedRegistration(one, now, limits, waitsFor),
  };
}

/** With times, as they are read. */
function timed(status: ReturnType<typeof statusOfReport>) {
  return {
    ...status,
    conditions: status.conditions.map((one) => ({ ...one, lastTransitionTime: '2000-01-01T00:00:00Z' })),
  };
}
