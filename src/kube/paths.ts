/** The URL paths of the Kubernetes API. */
import type { ListParams, ResourceType, WatchParams } from './types.ts';

/**
 * @param namespace of a namespaced resource; absent: the collection over all of them
 * @param rest names below the collection
 */
export function pathOf(type: ResourceType, namespace: string | undefined, ...rest: readonly string[]): string {
  const root = type.group === '' ? ['api', type.version] : ['apis', type.group, type.version];
  const within = type.namespaced && namespace !== undefined ? ['namespaces', namespace] : [];
  const segments = [...root, ...within, type.plural, ...rest];
  // A server would resolve them before it looks.
  if (segments.some((s) => s === '' || s === '.' || s === '..')) throw new TypeError('an empty or relative name');
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

export function queryOf(params: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export function listPath(type: ResourceType, params: ListParams): string {
  const { namespace, limit, continue: token, labelSelector, fieldSelector } = params;
  // No resourceVersion: a consistent read, never what some cache remembers.
  return pathOf(type, namespace) + queryOf({ limit, continue: token, labelSelector, fieldSelector });
}

export function watchPath(type: ResourceType, params: WatchParams): string {
  const { namespace, resourceVersion, timeoutSeconds, labelSelector, fieldSelector } = params;
  const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
  return pathOf(type, namespace) + queryOf({ ...query, labelSelector, fieldSelector });
}
