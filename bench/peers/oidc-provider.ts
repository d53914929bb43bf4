/** The peer: the best known authorization server for Node, doing what comes nearest to an exchange. */
import { fileURLToPath } from 'node:url';
import { clientAssertion, newSigningKey } from '../lib/proofs.ts';
import { startServer } from '../lib/server.ts';
import type { Target } from './target.ts';

const CLIENT = 'research-agent';
const SCOPE = 'tools:call';
const RESOURCE = 'https://api.example.com/';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export async function startOidcProvider(core: number | undefined): Promise<Target> {
  const key = newSigningKey('client-1');
  const program = fileURLToPath(new URL('oidc-provider-server.ts', import.meta.url));
  const server = await startServer(core, [program, JSON.stringify(key.publicJwk), CLIENT, SCOPE, RESOURCE]);
  const audience = server.url.origin;
  const body = () =>
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: clientAssertion(key, CLIENT, audience),
      scope: SCOPE,
      resource: RESOURCE,
    }).toString();
  const target: Target = {
    name: 'oidc-provider',
    server,
    path: '/token',
    contentType: 'application/x-www-form-urlencoded',
    slice: 5_000,
    bodies: (count) => Array.from({ length: count }, body),
    check,
  };
  await expectReplayRefused(target);
  return target;
}

function check(answer: string): void {
  const { access_token: token, token_type: type } = JSON.parse(answer);
  const [header = '', payload = '', signature = ''] = String(token).split('.');
  const { typ, alg } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const { sub, aud, scope } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const isGood = typ === 'at+jwt' && alg === 'ES256' && Buffer.from(signature, 'base64url').length === 64;
  if (!isGood || type !== 'Bearer' || sub !== CLIENT || aud !== RESOURCE || scope !== SCOPE)
    throw new Error('oidc-provider: not the ES256 access token that was asked for');
}

/** The comparison is only fair while each assertion works once: fresh signatures on both sides. */
async function expectReplayRefused(target: Target): Promise<void> {
  const [body = ''] = target.bodies(1);
  const post = () =>
    fetch(new URL(target.path, target.server.url), {
      method: 'POST',
      headers: { 'Content-Type': target.contentType },
      body,
    });
  const first = await post();
  const again = await post();
  if (!first.ok || again.status !== 401)
    throw new Error(`oidc-provider: ${first.status} then ${again.status} for one assertion: ${await first.text()}`);
}
