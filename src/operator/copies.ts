/** One local copy of each collection, and what may be said of them together. */
import type { TokenRevocation } from '../api/v1alpha1/index.ts';
import type { Clock } from '../clock.ts';
import {
  type Change,
  createReflector,
  type FollowedNamespaces,
  followNamespaces,
  type HowGone,
  type KubeLog,
  type Reflector,
  type ReflectorOptions,
} from '../kube/index.ts';
import type { KubeClient } from '../kube/types.ts';
import {
  type HeldNamespace,
  type HeldPolicy,
  type HeldRevocation,
  holdNamespace,
  holdPolicy,
  holdRevocation,
} from './held.ts';
import { NAMESPACES, WATCHED, type WatchedKind } from './kinds.ts';
import { nameOf, type ReadError, readErrorsOf } from './read-errors.ts';
import { type HeldRegistration, registrationHolder } from './registrations/held.ts';
import { Registrations } from './registrations/registrations.ts';

/** Milliseconds between two comparisons of the registrations with the server's. */
const CHECK_REGISTRATIONS = 600_000;

export interface CopiesSettings {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Random bytes, for jitter. */
  readonly random: (bytes: number) => Uint8Array;
  readonly log?: KubeLog;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** The only namespaces that are looked into; absent: all. */
  readonly scope?: ReadonlySet<string>;
  /** Whether registrations that live have our finalizer. */
  readonly finalizers: boolean;
  /** For tests. */
  readonly reflect?: <T>(options: ReflectorOptions<T>) => Reflector<T>;
  /** There may be something to do about registrations. */
  readonly onAgents?: () => void;
  /** A TokenRevocation that came after the first list is in force from now on. */
  readonly onRevocation?: (made: TokenRevocation) => void;
  /** Something that decides what is served is not what it was. */
  readonly onChange: (change: CopyChange) => void;
}

export interface CopyChange {
  readonly kind: WatchedKind | 'Namespace';
  /** Whether something may have been taken away: everything but a new policy or resource. */
  readonly urgent: boolean;
  /** What is gone, by uid, and how that is known. */
  readonly gone: ReadonlyMap<string, HowGone>;
}

export interface Copies {
  readonly policies: ReadonlyMap<'TrustPolicy' | 'ClusterTrustPolicy' | 'ProtectedResource', Reflector<HeldPolicy>>;
  readonly revocations: Reflector<HeldRevocation>;
  readonly namespaces: Reflector<HeldNamespace>;
  readonly registrations: Reflector<HeldRegistration>;
  readonly agents: Registrations;
  start(): void;
  stop(): Promise<void>;
  /** Whether every collection was delivered whole once. */
  synced(): boolean;
  /** Milliseconds since the last sign of life of the one that is oldest. */
  ageMs(): number;
  /** Seconds since the last sign of life of each. */
  ages(): readonly { readonly kind: CopyChange['kind']; readonly staleSeconds: number }[];
  /**
   * Whether the API server knows a kind of policy no more. What it held is gone, or nearly: the watch may end before it
   * said so. And without those that forbid, those that give would give more.
   */
  uninstalled(): boolean;
  errors(): readonly ReadError[];
  /** Those of the scope that there are, and that do not end; undefined: all. */
  present(): readonly string[] | undefined;
  /** The others of the scope. */
  absent(): readonly string[];
}

export function createCopies(settings: CopiesSettings): Copies {
  const { onChange } = settings;
  const { client, clock, random, log, scope } = settings;
  const groups: Pick<FollowedNamespaces<unknown>, 'setPresent'>[] = [];
  /** Of the scope those that there are and do not end, with their uids. */
  let present: ReadonlyMap<string, string> = new Map();
  const base = { client, clock, random, ...(log && { log }) };

  function reflect<T>(options: ReflectorOptions<T>): Reflector<T> {
    const all = {
      ...options,
      onSynced() {
        startRevocations();
        options.onSynced?.();
      },
    };
    const make = settings.reflect ?? createReflector;
    if (!scope || !options.type.namespaced) return make<T>(all);
    const group = followNamespaces<T>(all, make);
    groups.push(group);
    return group;
  }

  /**
   * Read after all else: what goes leaves a TokenRevocation first, so one of the two is in our lists. The other way round
   * a replica that starts meanwhile would take for alive what was dead before and after.
   */
  function startRevocations(): void {
    if (named.every(([, one]) => one === revocations || one.synced)) revocations.start();
  }

  function follow<T extends { readonly content: string; readonly uid?: string }>(
    kind: CopyChange['kind'],
    { onAdded, ...options }: Pick<ReflectorOptions<T>, 'type' | 'project'> & { onAdded?: (added: T) => void },
  ): Reflector<T> {
    return reflect<T>({
      ...base,
      ...options,
      onChange(changes) {
        if (onAdded) for (const change of changes) if (change.type === 'added') onAdded(change.new);
        const real = changes.filter(
          (change) => change.type !== 'modified' || change.old.content !== change.new.content,
        );
        if (real.length > 0)
          onChange({ kind, urgent: real.some((change) => isUrgent(kind, change)), gone: goneOf(real) });
      },
      onSynced: () => onChange({ kind, urgent: true, gone: new Map() }),
    });
  }

  const policies = new Map(
    (['TrustPolicy', 'ClusterTrustPolicy', 'ProtectedResource'] as const).map((kind) => [
      kind,
      follow<HeldPolicy>(kind, { type: WATCHED[kind], project: holdPolicy(kind) }),
    ]),
  );
  const revocations: Reflector<HeldRevocation> = follow<HeldRevocation>('TokenRevocation', {
    type: WATCHED.TokenRevocation,
    project: holdRevocation,
    onAdded: ({ object }) => revocations.synced && settings.onRevocation?.(object),
  });
  const namespaces = reflect<HeldNamespace>({
    ...base,
    type: NAMESPACES,
    project: holdNamespace,
    onChange(changes) {
      const real = changes.filter((change) => change.type !== 'modified' || change.old.content !== change.new.content);
      if (real.length > 0) namespacesChanged();
    },
    onSynced: () => namespacesChanged(),
  });
  function namespacesChanged(): void {
    const served = [...namespaces.items().values()].filter(({ name }) => scope?.has(name) ?? true);
    // From one that ends our rights go as all else does, at any moment, and what ends it may take for ever.
    present = new Map(scope && served.flatMap(({ name, uid, isEnding }) => (isEnding ? [] : [[name, uid]])));
    for (const group of groups) group.setPresent(present);
    startRevocations();
    agents.setRegistries(served.flatMap((one) => (one.isRegistry ? [one.name] : [])));
    settings.onAgents?.();
    onChange({ kind: 'Namespace', urgent: true, gone: new Map() });
  }

  const agents = new Registrations({
    namespace: settings.namespace,
    finalizers: settings.finalizers,
    items: () => registrations.items(),
  });
  const registrations: Reflector<HeldRegistration> = reflect<HeldRegistration>({
    ...base,
    type: WATCHED.AgentRegistration,
    project: registrationHolder(),
    // A million of them are compared one by one.
    timings: { checkMs: CHECK_REGISTRATIONS },
    onChange(changes) {
      const { revokes, gone } = agents.take(changes);
      settings.onAgents?.();
      // Who is an agent is known already: nothing is compiled of it.
      if (revokes) onChange({ kind: 'AgentRegistration', urgent: true, gone });
    },
    onSynced: () => onChange({ kind: 'AgentRegistration', urgent: true, gone: new Map() }),
  });
  const named: [string, Reflector<unknown>][] = [
    ...[...policies].map(([kind, one]): [string, Reflector<unknown>] => [nameOf(WATCHED[kind]), one]),
    [nameOf(WATCHED.TokenRevocation), revocations],
    [nameOf(NAMESPACES), namespaces],
    [nameOf(WATCHED.AgentRegistration), registrations],
  ];

  return {
    policies,
    revocations,
    namespaces,
    registrations,
    agents,
    start() {
      for (const [, one] of named) if (one !== revocations) one.start();
      startRevocations();
    },
    async stop() {
      await Promise.all(named.map(([, one]) => one.stop()));
    },
    synced: () => named.every(([, one]) => one.synced),
    ageMs: () => Math.max(...named.map(([, one]) => one.ageMs())),
    ages: () =>
      [
        ...policies,
        ['TokenRevocation', revocations] as const,
        ['AgentRegistration', registrations] as const,
        ['Namespace', namespaces] as const,
      ].map(([kind, one]) => ({ kind, staleSeconds: one.ageMs() / 1000 })),
    uninstalled: () => [...policies.values()].some((one) => one.status().uninstalled === true),
    errors: () => named.flatMap(([name, one]) => readErrorsOf(name, one)),
    present: () => scope && [...present.keys()].sort(),
    absent: () => (namespaces.synced ? [...(scope ?? [])].filter((name) => !present.has(name)) : []),
  };
}

function goneOf(changes: readonly Change<{ readonly uid?: string }>[]): Map<string, HowGone> {
  return new Map(
    changes.flatMap((change) =>
      change.type === 'deleted' && change.old.uid !== undefined ? [[change.old.uid, change.how] as const] : [],
    ),
  );
}

function isUrgent(kind: CopyChange['kind'], { type }: Change<unknown>): boolean {
  return type !== 'added' || kind === 'TokenRevocation' || kind === 'Namespace';
}
