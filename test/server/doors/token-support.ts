/** Forms of the token endpoint. */
import assert from 'node:assert/strict';
import type { Grant } from '../../../src/exchange/types.ts';
import { type Answer, ask, GRANT, type Harness, PROOF, start } from '../support.ts';

export const FORM = 'application/x-www-form-urlencoded';
export const CC = 'client_credentials';
export const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const BY_JWT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const BY_SVID = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';
export const JWT = 'urn:ietf:params:oauth:token-type:jwt';
export const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const DELEGATION = `${Buffer.from('{"alg":"ES256","typ":"trustmint-delegation+jwt"}').toString('base64url')}.e30.AAAA`;
export const ACCESS: Grant = {
  ...GRANT,
  token: 'eyJ',
  tokenType: 'access_token',
  scopes: ['a:r', 'a:w'],
  clientId: 'c',
  caveats: [],
};

export const SVID = { grant_type: CC, client_assertion_type: BY_SVID, client_assertion: PROOF };
export const ASSERTED = { grant_type: BEARER, assertion: PROOF };
export const EXCHANGED = { grant_type: EXCHANGE, subject_token: PROOF, subject_token_type: JWT };
export const DELEGATED = { ...EXCHANGED, subject_token: DELEGATION, actor_token: PROOF, actor_token_type: JWT };

let h: Harness;

/** Starts a server whose engine grants an access token. */
export async function startToken(): Promise<Harness> {
  h = await start();
  h.engine.onExchange = () => ACCESS;
  return h;
}

export type Params = Record<string, string | undefined> | string;

/** POSTs a form. */
export function send(params: Params, headers: Record<string, string> = {}, path = '/oauth2/token'): Promise<Answer> {
  const entries = typeof params === 'string' ? [] : Object.entries(params).filter(([, value]) => value !== undefined);
  const body = typeof params === 'string' ? params : new URLSearchParams(entries as [string, string][]).toString();
  return ask(h.url + path, { method: 'POST', body, headers: { 'Content-Type': FORM, ...headers } });
}

/** What the door refuses by itself. */
export async function told(params: Params, headers?: Record<string, string>): Promise<string> {
  const before = h.engine.exchanges.length;
  const { status, json, text } = await send(params, headers);
  assert.equal(h.engine.exchanges.length, before, `it reached the engine: ${text}`);
  return `${status} ${json.error}`;
}

/** What the engine is asked. */
export async function heard(params: Params) {
  const { status, text } = await send(params);
  assert.equal(status, 200, text);
  const { correlationId: _, callerId: __, peer: ___, ...request } = h.engine.exchanges.at(-1)!;
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}
