/** Signed JWTs by the thousand, each one new: what a cluster's API server and an OAuth client would sign. */
import { generateKeyPairSync, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto';

/** An RSA key of 2048 bits, as Kubernetes and most clients have. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JsonWebKey;
}

export function newSigningKey(kid: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } };
}

function signJwt(key: SigningKey, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'RS256', kid: key.kid })}.${part(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`;
}

function times(seconds: number): { iat: number; nbf: number; exp: number } {
  const iat = Math.floor(Date.now() / 1000);
  return { iat, nbf: iat, exp: iat + seconds };
}

export interface Workload {
  readonly issuer: string;
  readonly audience: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly uid: string;
}

/** A bound service account token with a `jti` of its own, in the shape that Kubernetes 1.32 and later project. */
export function serviceAccountToken(key: SigningKey, workload: Workload): string {
  const { issuer, audience, namespace, serviceAccount, uid } = workload;
  return signJwt(key, {
    aud: [audience],
    ...times(3600),
    iss: issuer,
    jti: randomUUID(),
    'kubernetes.io': {
      namespace,
      node: { name: 'node-1', uid: '6b1f6d5e-6a0c-4f43-9a7e-0c8d5f1c2b11' },
      pod: { name: `${serviceAccount}-5d9c7b6f4-x2x7k`, uid },
      serviceaccount: { name: serviceAccount, uid },
    },
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
  });
}

/** A client assertion (RFC 7523 §3, private_key_jwt) with a `jti` of its own. */
export function clientAssertion(key: SigningKey, clientId: string, audience: string): string {
  return signJwt(key, { iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), ...times(600) });
}
