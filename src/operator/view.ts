/** The cluster's objects as the view that the engine serves from: on every replica the same, leader or not. */
import type { ClusterTrustPolicy, ProtectedResource, TrustPolicy } from '../api/v1alpha1/index.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import type { View } from '../exchange/index.ts';
import { AgentIndex } from '../policy/index.ts';
import type { CompileOptions, ObjectReport, PolicyObjects, Snapshot } from '../policy/types.ts';
import type { RevocationProblem } from '../revocation/index.ts';
import { type Copies, type CopiesSettings, type CopyChange, createCopies } from './copies.ts';
import { mergeFaults, NewsOfReports } from './reports.ts';
import { type LingeringRevocations, Revoked } from './revoked.ts';
import { revokesFor, type TenancyMode, tenancyOf } from './tenants.ts';

const NOBODY = new AgentIndex();

/** Milliseconds between two compilations, at most: what comes meanwhile is compiled together. */
const GATHER = 1_000;

const UNKNOWN_DEAD = 'what is revoked could not be worked out, so nothing is served';

export interface ClusterViewSettings
  extends Pick<CopiesSettings, 'client' | 'random' | 'log' | 'reflect'>,
    Partial<Pick<CopiesSettings, 'finalizers' | 'onAgents' | 'onRevocation' | 'scope'>> {
  readonly clock: Clock;
  /** The operator's own. */
  readonly namespace: string;
  readonly tenancy: TenancyMode;
  readonly compile: (objects: PolicyObjects, now: Pick<CompileOptions, 'tenancy' | 'cluster' | 'scope'>) => Snapshot;
  /** The issuers of this cluster's own tokens; undefined while the API server was never asked with success. */
  readonly clusterIssuers: () => readonly string[] | undefined;
  /** Another snapshot, or other revocations, are in use. */
  readonly onChange?: (view: ClusterView) => void;
  /** Objects whose conditions or problems are not what they were; at the first time all, be there none. */
  readonly onReports?: (reports: readonly ObjectReport[]) => void;
}

export interface ClusterView extends View {
  readonly copies: Copies;
  /** What is wrong with TokenRevocations. */
  revocationProblems(): readonly RevocationProblem[];
  /** What stays dead though its object went, until it is known why. */
  readonly revoked: LingeringRevocations;
  /** Begins to follow the cluster. */
  start(): void;
  /** What the snapshot depends on beside the objects, the cluster's issuers, is not what it was. */
  invalidate(): void;
  /** Resolves when nothing of it runs any more. */
  close(): Promise<void>;
}

/**
 * Nothing is served before every collection was delivered whole and this cluster's issuer is known. Then each change is
 * compiled into a new snapshot, and one assignment puts it into use: at once where something may have been taken away,
 * where something was only added, once requests have had as much time as the last compilation took.
 */
export function createClusterView(settings: ClusterViewSettings): ClusterView {
  const { clock, tenancy: mode } = settings;
  let served: Snapshot | undefined;
  /** The namespaces that it is of. */
  let scope: string | undefined;
  let dirty: { policies: boolean; urgent: boolean } | undefined;
  let timer: { readonly handle: TimerHandle; readonly at: number } | undefined;
  let compiled = { at: Number.NEGATIVE_INFINITY, took: 0 };
  let failure: string | undefined;
  let unknownDead = false;
  let closed = false;
  const news = new NewsOfReports();
  const revoked = new Revoked({ clock, copies: () => copies, onLapse: () => settings.onChange?.(view) });
  const copies = createCopies({ ...settings, finalizers: settings.finalizers ?? true, onChange: changed });

  function changed({ kind, urgent, gone }: CopyChange): void {
    revoked.noteGone(gone);
    // Who is a registry is known to the registrations alone.
    if (kind === 'Namespace' && mode.mode !== 'NamespaceLabel' && served && scope === copies.present()?.join()) return;
    mark({ policies: kind !== 'TokenRevocation' && kind !== 'AgentRegistration', urgent });
  }

  function mark({ policies, urgent }: { policies: boolean; urgent: boolean }): void {
    dirty = { policies: policies || (dirty?.policies ?? false), urgent: urgent || (dirty?.urgent ?? false) };
    if (closed || !isReadable()) return;
    // In a storm of changes requests must have their turn too; who asks meanwhile is not answered by what was taken away.
    const pause = Math.min(GATHER, dirty.urgent ? compiled.took / 2 : compiled.took);
    const at = Math.max(clock.monotonic(), compiled.at + pause);
    if (timer && timer.at <= at) return;
    timer?.handle.cancel();
    timer = { handle: clock.setTimer(bringUp, Math.max(0, at - clock.monotonic())), at };
  }

  function isReadable(): boolean {
    return copies.synced() && settings.clusterIssuers() !== undefined;
  }

  /** Puts into use what there is now. */
  function bringUp(): void {
    timer?.handle.cancel();
    timer = undefined;
    if (!dirty || closed || !isReadable()) return;
    const { policies } = dirty;
    dirty = undefined;
    const began = clock.monotonic();
    const isFirst = served === undefined;
    const tenancy = tenancyOf(mode, copies.namespaces.items().values() ?? []);
    if (policies) served = compileNow(tenancy);
    try {
      revoked.update(revokesFor(tenancy, settings.namespace));
      unknownDead = false;
    } catch {
      // What was dead stays dead; but what died meanwhile is not known, so nothing is judged.
      unknownDead = true;
    }
    compiled = { at: clock.monotonic(), took: clock.monotonic() - began };
    settings.onChange?.(view);
    if (policies && served) {
      const changedReports = news.of(served.reports);
      if (changedReports.length > 0 || isFirst) settings.onReports?.(changedReports);
    }
  }

  function compileNow(tenancy: CompileOptions['tenancy']): Snapshot | undefined {
    const issuers = settings.clusterIssuers() ?? [];
    const present = copies.present();
    scope = present?.join();
    try {
      const snapshot = settings.compile(policyObjects(copies), {
        tenancy,
        ...(issuers.length > 0 && { cluster: { issuers } }),
        ...(present && { scope: present }),
      });
      failure = undefined;
      return mergeFaults(snapshot, copies);
    } catch {
      // What was served before may give what nobody gives any more.
      failure = 'the objects could not be compiled, so nothing is served';
      return undefined;
    }
  }

  /** No answer by what was taken away, though its turn has not come yet. */
  function catchUp(): void {
    if (dirty?.urgent) bringUp();
  }

  const view: ClusterView = {
    copies,
    snapshot() {
      catchUp();
      return copies.uninstalled() || unknownDead ? undefined : served;
    },
    revocations() {
      catchUp();
      return revoked.index;
    },
    // What was registered is gone with its kind.
    agents: () => (copies.registrations.status().uninstalled === true ? NOBODY : copies.agents),
    revocationProblems: () => revoked.problems,
    revoked,
    lingering: () => revoked.lingering().length,
    staleSeconds: () => copies.ageMs() / 1000,
    kinds: () => copies.ages(),
    readErrors: () => [
      ...(failure === undefined ? [] : [{ source: 'policies', code: 'compile_failed', message: failure }]),
      ...(unknownDead ? [{ source: 'revocations', code: 'revocations_failed', message: UNKNOWN_DEAD }] : []),
      ...copies.errors(),
    ],
    start: () => copies.start(),
    invalidate: () => mark({ policies: true, urgent: true }),
    async close() {
      closed = true;
      timer?.handle.cancel();
      revoked.close();
      await copies.stop();
    },
  };
  return view;
}

function policyObjects({ policies }: Copies): PolicyObjects {
  const of = <T>(kind: 'TrustPolicy' | 'ClusterTrustPolicy' | 'ProtectedResource') =>
    [...policies.get(kind)!.items().values()].map(({ read }) => read.object as T);
  return {
    trustPolicies: of<TrustPolicy>('TrustPolicy'),
    clusterTrustPolicies: of<ClusterTrustPolicy>('ClusterTrustPolicy'),
    protectedResources: of<ProtectedResource>('ProtectedResource'),
  };
}
