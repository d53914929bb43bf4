/** One kind in several namespaces, each followed by itself: as one copy. */
import { momentOf, since } from './moment.ts';
import { createReflector } from './reflector.ts';
import type { Change, Reflector, ReflectorCounters, ReflectorOptions, ReflectorReason } from './reflector-types.ts';

export interface FollowedNamespaces<T> extends Reflector<T> {
  /**
   * Which of the namespaces there are, by name, with their uids. Of one that is not there nothing is asked, and nothing is
   * held; another one of its name is read anew.
   */
  setPresent(namespaces: ReadonlyMap<string, string>): void;
  /** Those that are followed, by name. */
  parts(): ReadonlyMap<string, Reflector<T>>;
}

interface Part<T> {
  readonly uid: string;
  readonly reflector: Reflector<T>;
  /** When it was begun: until it was read, that is how long nothing is known of it. */
  readonly began: ReturnType<typeof momentOf>;
}

/**
 * Synced when all that there were at first are; one that comes later and cannot be read makes the copy age, as one does
 * that cannot be read any more.
 */
export function followNamespaces<T>(
  options: Omit<ReflectorOptions<T>, 'namespace'>,
  make: (options: ReflectorOptions<T>) => Reflector<T> = createReflector,
): FollowedNamespaces<T> {
  const { clock, log } = options;
  const items = new Map<string, T>();
  const parts = new Map<string, Part<T>>();
  const ending = new Set<Promise<void>>();
  const past: ReflectorCounters[] = [];
  let present: ReadonlyMap<string, string> | undefined;
  let state: 'new' | 'started' | 'stopped' = 'new';
  let synced = false;

  function take(changes: readonly Change<T>[]): void {
    for (const change of changes) {
      if (change.type === 'deleted') items.delete(change.key);
      else items.set(change.key, change.new);
    }
    if (changes.length > 0) options.onChange?.(changes);
  }

  function begin(namespace: string, uid: string): void {
    const isCurrent = () => parts.get(namespace)?.reflector === reflector;
    const reflector = make({
      ...options,
      namespace,
      ...(log && { log: (level, message, fields) => log(level, message, { ...fields, namespace }) }),
      onChange: (changes) => {
        if (isCurrent()) take(changes);
      },
      onSynced: () => {
        if (isCurrent()) look();
      },
    });
    parts.set(namespace, { uid, reflector, began: momentOf(clock) });
    reflector.start();
  }

  /** @returns what it held: gone with its namespace */
  function drop(namespace: string, { reflector }: Part<T>): Change<T>[] {
    parts.delete(namespace);
    past.push(reflector.counters());
    const ended = reflector.stop().finally(() => ending.delete(ended));
    ending.add(ended);
    return [...reflector.items()].map(([key, old]) => ({ type: 'deleted', key, old, how: 'told' }));
  }

  function bringUp(): void {
    if (state !== 'started' || !present) return;
    const gone: Change<T>[] = [];
    for (const [namespace, part] of parts) if (present.get(namespace) !== part.uid) gone.push(...drop(namespace, part));
    for (const [namespace, uid] of present) if (!parts.has(namespace)) begin(namespace, uid);
    take(gone);
    look();
  }

  function look(): void {
    if (synced || !present || [...parts.values()].some(({ reflector }) => !reflector.synced)) return;
    synced = true;
    options.onSynced?.();
  }

  return {
    setPresent(namespaces) {
      present = namespaces;
      bringUp();
    },
    parts: () => new Map([...parts].map(([namespace, { reflector }]) => [namespace, reflector])),
    start() {
      if (state !== 'new') return;
      state = 'started';
      bringUp();
    },
    async stop() {
      state = 'stopped';
      await Promise.all([...ending, ...[...parts.values()].map(({ reflector }) => reflector.stop())]);
    },
    get synced() {
      return synced;
    },
    items: () => items,
    ageMs() {
      if (!synced) return Number.POSITIVE_INFINITY;
      const ages = [...parts.values()].map(({ reflector, began }) => Math.min(reflector.ageMs(), since(clock, began)));
      return Math.max(0, ...ages);
    },
    status() {
      const all = [...parts.values()].map(({ reflector }) => reflector.status());
      const worst = all.find(({ reason }) => reason !== undefined) ?? all[0] ?? { phase: 'new' as const };
      return all.some(({ uninstalled }) => uninstalled) ? { ...worst, uninstalled: true } : worst;
    },
    counters: () => sum([...past, ...[...parts.values()].map(({ reflector }) => reflector.counters())]),
  };
}

function sum(all: readonly ReflectorCounters[]): ReflectorCounters {
  const total: Record<string, number> = {};
  const failures = new Map<ReflectorReason, number>();
  for (const { failures: own, ...counts } of all) {
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
    for (const [reason, count] of own) failures.set(reason, (failures.get(reason) ?? 0) + count);
  }
  return { ...(total as unknown as Omit<ReflectorCounters, 'failures'>), failures };
}
