/** Why collections cannot be read, in words. */
import type { FollowedNamespaces, Reflector } from '../kube/index.ts';

export interface ReadError {
  readonly source: string;
  readonly code: string;
  readonly message: string;
  /** Where that is of one namespace. */
  readonly namespace?: string;
}

/** Of one that is followed namespace by namespace: which of those. */
export function readErrorsOf(name: string, one: Reflector<unknown>): ReadError[] {
  if (!isGroup(one)) return errorOf(name, one);
  return [...one.parts()].flatMap(([namespace, part]) =>
    errorOf(`${name} in namespace ${namespace}`, part).map((error) => ({ ...error, namespace })),
  );
}

function isGroup<T>(one: Reflector<T>): one is FollowedNamespaces<T> {
  return 'parts' in one;
}

export function nameOf({ group, plural }: { readonly group: string; readonly plural: string }): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function errorOf(source: string, one: Reflector<unknown>): ReadError[] {
  const { phase, reason, lastError } = one.status();
  if (reason === undefined || phase === 'watching') return [];
  const messages: Partial<Record<string, string>> = {
    rbac_missing: `RBAC missing: may not list and watch ${source}`,
    crd_not_installed: `CRD not installed: the API server knows no ${source}`,
  };
  return [{ source, code: reason, message: messages[reason] ?? lastError ?? `cannot be read: ${reason}` }];
}
