/** Who may ask the routes that need no proof of a workload: verifiers, and the platform team. */
import type { IncomingMessage } from 'node:http';
import { bearerToken, sameSecret } from './bearer.ts';
import { CHALLENGE, ServerError } from './errors.ts';
import { isLoopbackAuthority } from './loopback.ts';
import type { Access, SecretProvider } from './types.ts';

/**
 * Throws, or rejects, where the caller may not ask. Asked before anything of the request is read, and again with the
 * resource once that is known.
 */
export type Gatekeeper = (req: IncomingMessage, resource?: string) => void | Promise<void>;

export interface GatekeeperOptions {
  readonly secret: SecretProvider | undefined;
  /** Whether the listener is on loopback. */
  readonly loopback: boolean;
  /** The flag that would give the secret, for the message. */
  readonly flag: string;
}

/**
 * With a secret: whoever presents it as a bearer token. Without: whoever is on this machine, by a listener on loopback,
 * and is no browser page or proxy; on any other listener nobody.
 * @returns a check that throws ServerError `unauthorized` (401) or `forbidden` (403)
 */
export function gatekeeper({ secret, loopback, flag }: GatekeeperOptions): Gatekeeper {
  if (secret) return (req) => requireSecret(req, secret);
  if (loopback) return refuseForwarded;
  return () => {
    throw new ServerError('unauthorized', `nobody may ask here until the server is given ${flag}`, CHALLENGE.missing);
  };
}

/**
 * Whoever the cluster lets ask.
 * @returns a check that rejects with ServerError `unauthorized` (401), `forbidden` (403) or `temporarily_unavailable` (503)
 */
export function clusterGatekeeper(access: Access, kind: Parameters<Access['authorize']>[0]): Gatekeeper {
  return async (req, resource) => {
    const presented = bearerToken(req.headers.authorization);
    const bearer = typeof presented === 'string' ? presented : undefined;
    switch (await access.authorize(kind, bearer, resource)) {
      case 'ok':
        return;
      case 'forbidden':
        throw new ServerError('forbidden', 'you may not ask here');
      case 'unavailable':
        throw new ServerError('temporarily_unavailable', 'whether you may ask cannot be found out right now', {
          'Retry-After': '2',
        });
      case 'unauthorized':
        if (bearer === undefined) {
          const message = 'send Authorization: Bearer with a token of your service account, made for our issuer';
          throw new ServerError('unauthorized', message, CHALLENGE.missing);
        }
        throw new ServerError('unauthorized', 'the bearer token may not ask here', CHALLENGE.refused);
    }
  };
}

function requireSecret(req: IncomingMessage, secret: SecretProvider): void {
  const presented = bearerToken(req.headers.authorization);
  if (typeof presented !== 'string') {
    throw new ServerError('unauthorized', 'send Authorization: Bearer with the token of this route', CHALLENGE.missing);
  }
  const expected = secret();
  if (!expected || expected.length === 0 || !sameSecret(presented, expected)) {
    throw new ServerError('unauthorized', 'the bearer token is not the one of this route', CHALLENGE.refused);
  }
}

/** A page in a browser, or somebody behind a proxy, is not this machine though the connection is. */
function refuseForwarded(req: IncomingMessage): void {
  for (const name of Object.keys(req.headers)) {
    const foreign =
      name === 'origin' ||
      name === 'via' ||
      name === 'forwarded' ||
      name === 'x-real-ip' ||
      name.startsWith('x-forwarded');
    if (foreign) throw new ServerError('forbidden', `without a token file no request with ${name} is answered`);
  }
  // A request target in absolute form names a host of its own, which then counts instead (RFC 9112 §3.2.2).
  if (!isLoopbackAuthority(req.headers.host ?? '') || !req.url?.startsWith('/')) {
    throw new ServerError('forbidden', 'without a token file the Host must be localhost or a loopback address');
  }
}
