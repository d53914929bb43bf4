import { createPublicKey, generateKeyPairSync, type KeyObject, sign as rawSign } from 'node:crypto';
import type { Anchor, ProofAlgorithm, ProviderName } from '../../src/identity.ts';
import { importJwkSet, type PublicKey, signJws } from '../../src/jws/index.ts';
import {
  type AnchorDirectory,
  createProofVerifier,
  type IssuerKeys,
  ProofError,
  type ProofErrorCode,
  type ProofVerifierOptions,
} from '../../src/proof/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

export const START = '2026-01-01T00:00:00Z';
export const NOW = Date.parse(START) / 1000;

export const ISSUERS: Record<ProviderName, string> = {
  kubernetes: 'https://kubernetes.default.svc.cluster.local',
  github: 'https://token.actions.githubusercontent.com',
  oidc: 'https://idp.example/',
  spiffe: 'spiffe://cluster.local',
};

export const PROVIDERS = Object.keys(ISSUERS) as ProviderName[];

const CLAIMS: Record<ProviderName, Record<string, unknown>> = {
  kubernetes: {
    sub: 'system:serviceaccount:ai-agents:research-agent',
    'kubernetes.io': {
      namespace: 'ai-agents',
      serviceaccount: { name: 'research-agent', uid: 'sa-uid' },
      pod: { name: 'research-agent-0', uid: 'pod-uid' },
      node: { name: 'node-1', uid: 'node-uid' },
    },
  },
  github: {
    sub: 'repo:acme-corp/ai-pipeline:ref:refs/heads/main',
    repository: 'acme-corp/ai-pipeline',
    repository_id: '456',
    repository_owner: 'acme-corp',
    repository_owner_id: '123',
    ref: 'refs/heads/main',
    event_name: 'push',
    workflow_ref: 'acme-corp/ai-pipeline/.github/workflows/ci.yml@refs/heads/main',
    job_workflow_ref: 'acme-corp/shared/.github/workflows/run.yml@refs/heads/main',
    runner_environment: 'github-hosted',
    run_id: '789',
    run_attempt: '1',
  },
  oidc: { sub: 'client@clients', azp: 'client' },
  spiffe: { sub: 'spiffe://cluster.local/agent/tenant-1/alice/global-worker/agent-22962c27' },
};

/** The claims of a good proof, with changes; a change to undefined leaves the claim out. */
export function claimsOf(provider: ProviderName, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: ISSUERS[provider],
    aud: 'satgate',
    iat: NOW - 60,
    exp: NOW + 540,
    ...CLAIMS[provider],
    ...changes,
  };
}

export function anchorOf(provider: ProviderName, changes: Partial<Anchor> = {}): Anchor {
  return {
    id: `${provider}-anchor`,
    provider,
    issuer: ISSUERS[provider],
    keys: { kind: 'inline', jwks: '' },
    algorithms: ['RS256', 'ES256'],
    proofCheck: 'Signature',
    ...changes,
  };
}

export function directory(...anchors: Anchor[]): AnchorDirectory & { generation: string; lookups: string[] } {
  const lookups: string[] = [];
  return {
    generation: 'g1',
    lookups,
    anchorsOf(issuer) {
      lookups.push(issuer);
      return anchors.filter((anchor) => anchor.issuer === issuer);
    },
  };
}

export class Signer {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;

  constructor(kid: string) {
    this.kid = kid;
    this.privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    this.publicKey = createPublicKey(this.privateKey);
  }

  get jwk(): Record<string, unknown> {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid };
  }

  async token(claims: Record<string, unknown>, typ?: string): Promise<string> {
    return signJws({ alg: 'ES256', kid: this.kid, ...(typ === undefined ? {} : { typ }) }, claims, this.privateKey);
  }

  /** Really signs whatever header and payload text: what a broken or hostile issuer could send. */
  raw(header: object | string, payload: object | string): string {
    const text = (part: object | string) => (typeof part === 'string' ? part : JSON.stringify(part));
    const input = [header, payload].map((part) => Buffer.from(text(part)).toString('base64url')).join('.');
    const signature = rawSign('sha256', Buffer.from(input), { key: this.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  }
}

/** The keys of each anchor by its id, in memory; counts how often it is asked. */
export class MemoryKeys implements IssuerKeys {
  readonly #sets = new Map<string, { keys: readonly PublicKey[]; version: number; down?: ProofError }>();
  asked: { anchor: string; kid: string | undefined; alg: ProofAlgorithm }[] = [];

  publish(anchor: Anchor, ...jwks: object[]): void {
    const version = (this.#sets.get(anchor.id)?.version ?? 0) + 1;
    this.#sets.set(anchor.id, { keys: importJwkSet(JSON.stringify({ keys: jwks })).keys, version });
  }

  fail(anchor: Anchor, error: ProofError): void {
    this.#sets.set(anchor.id, { keys: [], version: this.version(anchor) + 1, down: error });
  }

  async keysFor(anchor: Anchor, kid: string | undefined, alg: ProofAlgorithm): Promise<readonly PublicKey[]> {
    this.asked.push({ anchor: anchor.id, kid, alg });
    const set = this.#sets.get(anchor.id);
    if (set?.down) throw set.down;
    const found = (set?.keys ?? []).filter((k) => (kid === undefined || k.kid === kid) && k.algorithms.includes(alg));
    if (found.length === 0) throw new ProofError('unknown_kid', 'the issuer has no such key');
    return found;
  }

  version(anchor: Anchor): number {
    return this.#sets.get(anchor.id)?.version ?? 0;
  }
}

/** A verifier with one key per given anchor, all signed by `signer` unless published otherwise. */
export function setup(anchors: Anchor[], options: Partial<ProofVerifierOptions> = {}) {
  const signer = new Signer('k1');
  const clock = new FakeClock(START);
  const keys = new MemoryKeys();
  for (const anchor of anchors) keys.publish(anchor, signer.jwk);
  const anchorDirectory = directory(...anchors);
  const verifier = createProofVerifier({ keys, clock, ...options });
  const verify = (proof: string) => verifier.verify(proof, anchorDirectory);
  return { signer, clock, keys, directory: anchorDirectory, verifier, verify };
}

/** Matches a refusal of this code that is no outage. */
export function refused(code: ProofErrorCode) {
  return (error: unknown) => error instanceof ProofError && error.code === code && !error.outage;
}

/** Matches an outage of this code. */
export function outage(code: ProofErrorCode) {
  return (error: unknown) => error instanceof ProofError && error.code === code && error.outage;
}
