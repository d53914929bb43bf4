/** Which `sub` a token gets: nothing but this table leads to one (RFC 9700 §4.15: a claim must not be confusable). */
import type { VerifiedIdentity } from '../identity.ts';

/** The policy whose name qualifies subjects of issuers that may call two workloads the same. */
export interface SubjectPolicy {
  readonly namespace?: string;
  readonly name: string;
}

/**
 * The subject of a token minted for `identity` under `policy`.
 *
 * @param ownCluster - whether the identity's anchor is this cluster, whose names need no qualifying
 * @returns printable ASCII; characters of a foreign `sub` outside it, and `%`, are percent-encoded
 */
export function tokenSubject(identity: VerifiedIdentity, policy: SubjectPolicy, ownCluster: boolean): string {
  const { attributes } = identity;
  const qualifier = policy.namespace === undefined ? policy.name : `${policy.namespace}/${policy.name}`;
  switch (identity.provider) {
    case 'kubernetes': {
      const account = `${attributes.get('namespace')}:${attributes.get('serviceAccount')}`;
      return ownCluster ? `system:serviceaccount:${account}` : `k8s:${qualifier}:${account}`;
    }
    case 'github':
      return `github:${attributes.get('repositoryId')}:${attributes.get('repository')}`;
    case 'spiffe':
      // It names its trust domain, and whoever verified it knows one key source of each.
      return identity.subject;
    case 'oidc':
      return `oidc:${qualifier}:${escapeSubject(identity.subject)}`;
  }
}

/** Percent-encodes every UTF-8 byte outside `!`–`~` and the percent sign itself, so that it stays one printable word. */
function escapeSubject(subject: string): string {
  let out = '';
  for (const byte of Buffer.from(subject, 'utf8')) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
