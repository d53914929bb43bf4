import type { KubeObject } from '../../kube/types.ts';

interface Held {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: unknown;
}

interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

/** What writing needs of a held object: which one it is, and what its status says. */
export function objectOf({ uid, resourceVersion, status }: Held, { apiVersion, kind, metadata }: Named): KubeObject {
  const { name, namespace } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion },
    status,
  };
}
