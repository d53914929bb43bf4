/**
 * In which namespaces TokenRevocations are in force is noted on the Lease: who starts for fewer namespaces must not give
 * life back to what was dead. It asks the leader, which knows those revocations, to keep them in the operator's namespace.
 */
import { type Clock, epochSeconds, type TimerHandle } from '../../clock.ts';
import type { KubeLog, LeaseNotes } from '../../kube/index.ts';
import { fromTokenRevocation } from '../../revocation/index.ts';
import type { Copies } from '../copies.ts';
import { reasonOf } from '../errors.ts';
import type { HeldRevocation } from '../held.ts';
import { revokesFor, type TenancyMode, tenancyOf } from '../tenants.ts';
import type { Tombstones } from '../tombstones.ts';
import { isOver, lastingOf } from './due.ts';

/** Namespaces whose TokenRevocations are in force beside those of the operator's own. */
export const REVOKES_IN = 'trustmint.dev/revokes-in';
/** Those of them that a replica which starts does not watch. */
const LEAVES = 'trustmint.dev/leaves';

export interface HeardSettings {
  readonly clock: Clock;
  readonly copies: Pick<Copies, 'synced' | 'revocations' | 'namespaces'>;
  /** Another one whenever something else may be revoked. */
  readonly index: () => unknown;
  /** The operator's own. */
  readonly namespace: string;
  /** The only namespaces that are watched; absent: all. */
  readonly scope?: ReadonlySet<string>;
  readonly tenancy: TenancyMode;
  readonly notes: Pick<LeaseNotes, 'read' | 'write' | 'answer'>;
  readonly tombstones: Tombstones;
  readonly isLeader: () => boolean;
  readonly log?: KubeLog;
}

export interface Heard {
  /** Whether all that is dead is known: nothing may be served before. */
  ready(): boolean;
  /** Namespaces that are not watched, and were, and what is dead by them is not known. */
  unheard(): readonly string[];
  start(): void;
  close(): Promise<void>;
}

/** Namespaces that fit into a note; of more it says that they are many, and nobody is asked for all of them. */
const MAX_NAMES = 1_000;
const MANY = '*';
/** Milliseconds between two looks at what is held here. */
const LOOK = 1_000;
/** Milliseconds between two looks at the Lease while nothing changes. */
const READ = 10_000;

export function hearRevocations(settings: HeardSettings): Heard {
  const { clock, copies, index, namespace: own, scope, tenancy, notes, tombstones, isLeader, log } = settings;
  let isReady = scope === undefined;
  let unheard: readonly string[] = [];
  let seen: unknown;
  let readAt = Number.NEGATIVE_INFINITY;
  let timer: TimerHandle | undefined;
  let looking: Promise<void> = Promise.resolve();
  let closed = false;

  const isThere = (name: string) => copies.namespaces.items().has(name);

  function again(): void {
    if (closed) return;
    timer = clock.setTimer(() => {
      looking = look()
        .catch((error) => log?.('warn', 'which revocations are heard cannot be noted', { reason: reasonOf(error) }))
        .then(again);
    }, LOOK);
  }

  async function look(): Promise<void> {
    if (!copies.namespaces.synced) return;
    if (!isReady) return await begin();
    if (!isLeader() || !copies.synced()) return;
    const current = index();
    if (current === seen && clock.monotonic() - readAt < READ) return;
    readAt = clock.monotonic();
    await attend(inForce());
    seen = current;
  }

  /** Of one that is gone the leader kept them when it went. */
  async function begin(): Promise<void> {
    const found = await notes.read();
    unheard = namesIn(found?.annotations, REVOKES_IN).filter(
      (name) => name === MANY || (!scope?.has(name) && isThere(name)),
    );
    isReady = unheard.length === 0;
    if (isReady || !found || unheard.includes(MANY) || namesIn(found.annotations, LEAVES).join() === unheard.join())
      return;
    await notes.write(LEAVES, unheard.join(), found.resourceVersion);
  }

  async function attend(heard: ReadonlyMap<string, readonly HeldRevocation[]>): Promise<void> {
    const found = await notes.read();
    if (!found) return;
    const asked = found.annotations[LEAVES];
    const leaving = namesIn(found.annotations, LEAVES);
    const known = leaving.every((name) => (scope?.has(name) ?? true) || !isThere(name));
    const staying = [...heard.keys()].filter((name) => !leaving.includes(name)).sort();
    if (asked !== undefined && known) {
      for (const name of leaving) for (const one of heard.get(name) ?? []) await keep(one);
      await notes.answer(LEAVES, asked, { [REVOKES_IN]: listed(staying) });
      return;
    }
    const all = listed([...heard.keys()].sort());
    if ((found.annotations[REVOKES_IN] ?? '') !== all) await notes.write(REVOKES_IN, all);
  }

  async function keep({ object }: HeldRevocation): Promise<void> {
    const tenantOf = revokesFor(tenancyOf(tenancy, copies.namespaces.items().values()), own);
    const { entries } = fromTokenRevocation(object, tenantOf(object.metadata.namespace));
    for (const entry of entries) {
      const why = `the namespace of ${entry.source} is watched no more`;
      const outcome = await tombstones.keep(lastingOf({ kind: 'TokenRevocation', entry }, clock), why);
      if (outcome === 'impossible') throw new Error('there is nowhere to keep it');
    }
  }

  /** By namespace. */
  function inForce(): Map<string, HeldRevocation[]> {
    const now = epochSeconds(clock);
    const found = new Map<string, HeldRevocation[]>();
    for (const one of copies.revocations.items().values()) {
      const { namespace = own } = one.object.metadata;
      if (namespace === own || isOver(one, now)) continue;
      const known = found.get(namespace);
      if (known) known.push(one);
      else found.set(namespace, [one]);
    }
    return found;
  }

  return {
    ready: () => isReady,
    unheard: () => unheard,
    start: again,
    async close() {
      closed = true;
      timer?.cancel();
      await looking;
      timer?.cancel();
    },
  };
}

function listed(names: readonly string[]): string {
  return names.length > MAX_NAMES ? MANY : names.join();
}

function namesIn(annotations: Readonly<Record<string, string>> = {}, note: string): string[] {
  const text = Object.hasOwn(annotations, note) ? annotations[note] : undefined;
  return (text ?? '').split(',').filter((name) => name !== '');
}
