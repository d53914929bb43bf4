/** Which namespaces this installation serves, who else reports on them, and whose they are. */
import type { HealthCheck } from '../exchange/index.ts';
import { type ClusterView, Reporting, type TenancyMode } from '../operator/index.ts';
import type { ServeFlags } from './serve.ts';
import type { Serving } from './serving.ts';

/** By `--watch-namespaces`; undefined: all there are. */
export function scopeOf({ watchNamespaces }: Pick<ServeFlags, 'watchNamespaces'>, namespace: string) {
  return watchNamespaces && new Set([namespace, ...watchNamespaces]);
}

export interface ScopeParts {
  /** The operator's own. */
  readonly namespace: string;
  readonly view: Pick<ClusterView, 'copies'>;
}

export function reportingOf(flags: ServeFlags, { clock }: Pick<Serving, 'clock'>, parts: ScopeParts): Reporting {
  const { namespace, view } = parts;
  const scope = scopeOf(flags, namespace);
  return new Reporting({ clock, namespace, ...(scope && { scope }), namespaces: () => view.copies.namespaces.items() });
}

/** Never fails: where nothing of a namespace can be missing, the rest is served. */
export function scopeCheck({ view, reporting }: Pick<ScopeParts, 'view'> & { reporting: Reporting }): HealthCheck {
  const unread = new Map(view.copies.errors().flatMap(({ namespace, code }) => (namespace ? [[namespace, code]] : [])));
  const absent = view.copies.absent();
  const message = [
    ...(unread.size > 0
      ? [`cannot be read: ${[...unread].map(([name, code]) => `${name} (${code})`).join(', ')}`]
      : []),
    ...(absent.length > 0 ? [`there is no namespace ${absent.join(', ')}`] : []),
    ...[...reporting.shared()].map(
      ([name, other]) => `namespace ${name} is watched by the installation in ${other} too`,
    ),
  ].join('; ');
  return { name: 'scope', ok: true, ...(message !== '' && { message }) };
}

export function tenancyOf({ tenancy = 'namespace', tenant }: ServeFlags): TenancyMode {
  if (tenancy === 'single') return { mode: 'Single', tenant };
  return { mode: tenancy === 'namespace' ? 'Namespace' : 'NamespaceLabel' };
}
