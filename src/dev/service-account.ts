/** The claims of a projected Kubernetes service-account token. */
import { uuidOf } from './stable-ids.ts';
import type { ServiceAccountRequest } from './token-request.ts';

/** @returns `sub` and the `kubernetes.io` member, as a bound token has them; a name's uid is always the same */
export function serviceAccountClaims(request: ServiceAccountRequest): Record<string, unknown> {
  const { namespace, serviceAccount, pod = `${serviceAccount}-0`, node } = request;
  const named = (kind: string, name: string, ...within: string[]) => ({ name, uid: uuidOf(kind, ...within, name) });
  return {
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    'kubernetes.io': {
      namespace,
      ...(node !== undefined && { node: named('node', node) }),
      ...(pod !== null && { pod: named('pod', pod, namespace) }),
      serviceaccount: named('serviceaccount', serviceAccount, namespace),
    },
  };
}
