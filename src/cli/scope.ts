/** Which namespaces this installation serves, who else reports on them, and whose they are. */
import type { HealthCheck } from '../exchange/index.ts';
import type { LeaderElector } from '../kube/index.ts';
import {
  type ClusterView,
  createTombstones,
  type Heard,
  hearRevocations,
  leaseNotes,
  REVOKES_IN,
  Reporting,
  type TenancyMode,
} from '../operator/index.ts';
import type { Replica } from './numbers.ts';
import type { ServeFlags } from './serve.ts';
import type { Serving } from './serving.ts';

/** By `--watch-namespaces`; undefined: all there are. */
export function scopeOf({ watchNamespaces }: Pick<ServeFlags, 'watchNamespaces'>, namespace: string) {
  return watchNamespaces && new Set([namespace, ...watchNamespaces]);
}

export interface ScopeParts {
  /** The operator's own. */
  readonly namespace: string;
  readonly view: Pick<ClusterView, 'copies' | 'revocations'>;
}

export function reportingOf(flags: ServeFlags, { clock }: Pick<Serving, 'clock'>, parts: ScopeParts): Reporting {
  const { namespace, view } = parts;
  const scope = scopeOf(flags, namespace);
  return new Reporting({ clock, namespace, ...(scope && { scope }), namespaces: () => view.copies.namespaces.items() });
}

export interface HeardParts extends ScopeParts {
  readonly elector: Pick<LeaderElector, 'isLeader'>;
}

/** Requests a second and at once: a namespace may have thousands of TokenRevocations. */
const REVOCATIONS = { qps: 50, burst: 100 };

export function heardOf(flags: ServeFlags, { clock, log, connect, onClose }: Replica, parts: HeardParts): Heard {
  const { namespace, view, elector } = parts;
  const client = connect({ rate: REVOCATIONS });
  const scope = scopeOf(flags, namespace);
  const heard = hearRevocations({
    clock,
    copies: view.copies,
    index: () => view.revocations(),
    namespace,
    ...(scope && { scope }),
    tenancy: tenancyOf(flags),
    notes: leaseNotes({ client, namespace }),
    tombstones: createTombstones({ client, namespace, clock, log }),
    isLeader: () => elector.isLeader(),
    log,
  });
  onClose(() => heard.close());
  heard.start();
  return heard;
}

export interface CheckParts extends ScopeParts {
  readonly reporting: Reporting;
  readonly heard: Heard;
}

/** Fails only while something that was dead could come alive; what else is missing other checks see to. */
export function scopeCheck({ namespace, view, reporting, heard }: CheckParts): HealthCheck {
  const ok = heard.ready();
  const unread = new Map(view.copies.errors().flatMap(({ namespace, code }) => (namespace ? [[namespace, code]] : [])));
  const absent = view.copies.absent();
  const carry = `apply them in ${namespace}, then kubectl -n ${namespace} annotate lease trustmint ${REVOKES_IN}-`;
  const message = [
    ...(heard.unheard().length > 0
      ? [
          `what TokenRevocations of ${heard.unheard().join(', ')} killed would live again: waiting for a replica that knows them; if there is none, ${carry}`,
        ]
      : []),
    ...(unread.size > 0
      ? [`cannot be read: ${[...unread].map(([name, code]) => `${name} (${code})`).join(', ')}`]
      : []),
    ...(absent.length > 0 ? [`there is no namespace ${absent.join(', ')}, or it is being deleted`] : []),
    ...[...reporting.shared()].map(
      ([name, other]) => `namespace ${name} is watched by the installation in ${other} too`,
    ),
  ].join('; ');
  return { name: 'scope', ok, ...(message !== '' && { message }) };
}

export function tenancyOf({ tenancy = 'namespace', tenant }: ServeFlags): TenancyMode {
  if (tenancy === 'single') return { mode: 'Single', tenant };
  return { mode: tenancy === 'namespace' ? 'Namespace' : 'NamespaceLabel' };
}
