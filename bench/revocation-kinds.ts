/** The ways to revoke, each as the write that a person makes. */

import type { KubeClient } from '../src/kube/types.ts';
import { describeMacaroon } from '../src/macaroon/index.ts';
import { OPERATOR } from '../test/e2e/cluster/index.ts';
import { TRUST_POLICIES } from '../test/e2e/serve-support.ts';
import { BENCH } from './lib/cluster-objects.ts';
import { revocation, TOKEN_REVOCATIONS } from './lib/revocations.ts';

/** One policy that has given one token. */
export interface Victim {
  readonly name: string;
  readonly uid: string;
  readonly proof: string;
  readonly token: string;
}

/** What a bare watcher waits for. */
export interface Written {
  readonly collection: 'trustpolicies' | 'tokenrevocations';
  readonly name: string;
  /** Absent: a deletion. */
  readonly resourceVersion?: string;
}

export interface Kind {
  readonly name: string;
  /** Of the policy, from the start. */
  readonly spec?: object;
  /** Whether tokens die; else only no more are given. */
  readonly kills: boolean;
  readonly write: (admin: KubeClient, victim: Victim) => Promise<Written>;
}

const identifierOf = ({ token }: Victim) => {
  const { identifier } = describeMacaroon(token);
  if (!identifier) throw new Error('not a macaroon of ours');
  return identifier;
};

/** In the operator's namespace, or in that of the tenant. */
function byObject(by: string, namespace: string, value: (victim: Victim) => string): Kind {
  return {
    name: `TokenRevocation, ${by}`,
    kills: true,
    async write(admin, victim) {
      const name = `${by.toLowerCase()}-${victim.name}`;
      const object = revocation(namespace, name, { [by]: value(victim) });
      const { metadata } = await admin.create(TOKEN_REVOCATIONS, object, namespace);
      return { collection: 'tokenrevocations', name, resourceVersion: metadata.resourceVersion };
    },
  };
}

function byEdit(name: string, kills: boolean, spec: () => object): Kind {
  return {
    name,
    kills,
    async write(admin, victim) {
      const { metadata } = await admin.patch(TRUST_POLICIES, victim.name, BENCH, 'merge', { spec: spec() });
      return { collection: 'trustpolicies', name: victim.name, resourceVersion: metadata.resourceVersion };
    },
  };
}

function byDeletion(name: string, kills: boolean, spec: object): Kind {
  return {
    name,
    kills,
    spec,
    async write(admin, victim) {
      await admin.delete(TRUST_POLICIES, victim.name, BENCH);
      return { collection: 'trustpolicies', name: victim.name };
    },
  };
}

export const KINDS: readonly Kind[] = [
  byObject('token', BENCH, (victim) => identifierOf(victim).jti),
  byObject('grant', BENCH, (victim) => identifierOf(victim).gid),
  byObject('derivedFrom', OPERATOR.namespace, ({ token }) => describeMacaroon(token).derivedFrom),
  byObject('policy', OPERATOR.namespace, ({ uid }) => uid),
  byEdit('state: Revoked', true, () => ({ state: 'Revoked' })),
  byEdit('revokeIssuedBefore', true, () => ({ revokeIssuedBefore: new Date().toISOString().replace(/\.\d+/, '') })),
  byDeletion('deletion, deletionPolicy: Revoke', true, { deletionPolicy: 'Revoke' }),
  byEdit('state: Suspended (exchange)', false, () => ({ state: 'Suspended' })),
  byDeletion('deletion, Drain (exchange)', false, {}),
];
