/** Bound service account tokens (KEP-1205): standards.md §10. */
import type { Claims } from '../identity.ts';
import { claim } from './claims.ts';
import { attributes, type ReadProvider } from './provider.ts';
import { ProofError } from './types.ts';

/** AWS's own audiences for service account tokens: a token that AWS takes too is worth more than a proof. */
const AWS_AUDIENCES = ['sts.amazonaws.com', 'sts.amazonaws.com.cn', 'pods.eks.amazonaws.com'];

/** What API servers are known to take as `--api-audiences`, beside their issuer and their own service's name. */
const API_AUDIENCES = ['api', 'k3s', 'rke2', 'kubernetes.svc.default'];

/**
 * The `kubernetes.io` members are the identity; `sub` must agree with them (K8-1).
 * The holder is the service account's uid, its instance the pod's: a name that is created again is another holder (K8-3).
 */
export const readKubernetes: ReadProvider = (claims, { subject, audiences }, anchor) => {
  for (const audience of audiences) {
    if (audience === anchor.issuer || isApiServer(audience)) {
      throw new ProofError('wrong_audience', 'the token is also good for the API server: request one for us alone');
    }
    if (AWS_AUDIENCES.includes(audience)) {
      throw new ProofError('wrong_audience', 'the token is also good for AWS: request one for us alone');
    }
  }
  const bound = member(claims, 'kubernetes.io');
  if (!bound) throw malformed('kubernetes.io');
  const namespace = text(bound, 'namespace');
  const account = member(bound, 'serviceaccount');
  const serviceAccount = account && text(account, 'name');
  const serviceAccountUid = account && text(account, 'uid');
  if (!namespace || !isDnsLabel(namespace)) throw malformed('kubernetes.io.namespace');
  if (!serviceAccount || !isDnsSubdomain(serviceAccount)) throw malformed('kubernetes.io.serviceaccount.name');
  if (!serviceAccountUid) throw malformed('kubernetes.io.serviceaccount.uid');
  // Neither name can hold a colon, so that equality says what a split of `sub` into two parts would.
  if (subject !== `system:serviceaccount:${namespace}:${serviceAccount}`) {
    throw new ProofError('subject_mismatch', 'sub and the kubernetes.io claims name different service accounts');
  }
  const pod = member(bound, 'pod');
  const podUid = pod && text(pod, 'uid');
  const node = member(bound, 'node');
  return {
    attributes: attributes({
      namespace,
      serviceAccount,
      serviceAccountUid,
      podName: pod && text(pod, 'name'),
      podUid,
      nodeName: node && text(node, 'name'),
    }),
    holder: { subject: serviceAccountUid, ...(podUid ? { instance: podUid } : {}) },
  };
};

/** The API server's in-cluster name, however much of it, with or without scheme and port. */
function isApiServer(audience: string): boolean {
  if (API_AUDIENCES.includes(audience)) return true;
  const address = audience.startsWith('https://') ? audience.slice('https://'.length) : audience;
  const host = address.split(/[:/]/, 1)[0] ?? '';
  return (
    host === 'kubernetes.default' || host === 'kubernetes.default.svc' || host.startsWith('kubernetes.default.svc.')
  );
}

function member(claims: Claims, name: string): Claims | undefined {
  const value = claim(claims, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(name);
  return value as Claims;
}

function text(claims: Claims, name: string): string | undefined {
  const value = claim(claims, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > 253) throw malformed(name);
  return value;
}

function isDnsLabel(name: string): boolean {
  return name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);
}

/** RFC 1123 as Kubernetes reads it: labels of any length, 253 characters in all. */
function isDnsSubdomain(name: string): boolean {
  return name.split('.').every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label));
}

function malformed(name: string): ProofError {
  return new ProofError('claims', `${name} is missing or is not what Kubernetes writes`);
}
