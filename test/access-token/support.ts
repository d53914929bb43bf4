/** Tokens of one mint, with a key of each algorithm that it signs with. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import {
  AccessTokenError,
  type AccessTokenErrorCode,
  type AccessTokenRequest,
  type DelegationRequest,
  type OwnAlgorithm,
  type SigningKey,
  type TokenFailure,
  type Verdict,
  type VerifyInput,
  verifyAccessToken,
  verifyDelegation,
} from '../../src/access-token/index.ts';

export const ISSUER = 'https://mint.example';
export const AUDIENCE = 'sample-api-a';
export const NOW = 1_781_052_922;
export const WORKER = 'spiffe://cluster.local/agent/tenant-1/alice/global-worker/agent-22962c27';

export interface OwnKey extends SigningKey {
  readonly publicKey: KeyObject;
}

const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: generateKeyPairSync('ed25519'),
};

export const KEYS: readonly OwnKey[] = (Object.keys(pairs) as OwnAlgorithm[]).map((alg) => ({
  kid: `k1.${alg.toLowerCase()}`,
  alg,
  ...pairs[alg],
}));

export const KEY = KEYS[0]!;

/** The public keys as `GET /oauth2/jwks` gives them. */
export const JWKS = {
  keys: KEYS.map(({ kid, alg, publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' })),
};

export const input = (now = NOW): VerifyInput => ({
  keyOf: (kid) => KEYS.find((key) => key.kid === kid),
  issuer: ISSUER,
  now,
});

/** The token of the worked example. */
export function accessRequest(more: Partial<AccessTokenRequest> = {}): AccessTokenRequest {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'user:alice',
    client_id: 'global-worker',
    iat: NOW,
    exp: NOW + 3600,
    jti: 'j-1',
    scopes: ['sample-api-a:write'],
    scopeFormat: 'String',
    act: { sub: WORKER },
    tenant: 'tenant-1',
    grant: 'g-1',
    policy: 'uid-policy',
    agent: 'uid-agent',
    ...more,
  };
}

export function delegationRequest(more: Partial<DelegationRequest> = {}): DelegationRequest {
  return {
    iss: ISSUER,
    sub: 'user:alice',
    iat: NOW,
    exp: NOW + 600,
    jti: 'd-1',
    scopes: ['sample-api-a:read', 'sample-api-a:write'],
    act: { sub: WORKER },
    may_act: { sub: 'spiffe://cluster.local/agent/child' },
    depth: 4,
    tenant: 'tenant-1',
    grant: 'g-1',
    policy: 'uid-policy',
    agent: 'uid-agent',
    ...more,
  };
}

export const access = (token: string, now = NOW) => verifyAccessToken(token, AUDIENCE, input(now));
export const delegation = (token: string, now = NOW) => verifyDelegation(token, input(now));

export function reasonOf(verdict: Verdict<unknown>): TokenFailure | 'verified' {
  return verdict.ok ? 'verified' : verdict.reason;
}

export function claimsOf<Claims>(verdict: Verdict<Claims>): Claims {
  if (!verdict.ok) assert.fail(verdict.reason);
  return verdict.claims;
}

/** The payload of a token, unverified. */
export function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

/** What another signer with our very key would make of these claims. */
export function signed(payload: object, header: object = {}, key: OwnKey = KEY): Promise<string> {
  return new SignJWT(payload as never)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header } as never)
    .sign(key.privateKey);
}

/** Matches an AccessTokenError of this code. */
export const refused = (code: AccessTokenErrorCode) => (error: unknown) =>
  error instanceof AccessTokenError && error.code === code;
