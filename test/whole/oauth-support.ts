/** The mint as an authorization server: its issuer is where it is reached, and registered agents act for alice. */
import assert from 'node:assert/strict';
import type { DevIssuer } from '../../src/dev/index.ts';
import { freePorts } from '../e2e/cluster/ports.ts';
import { type Answer, ask } from '../server/support.ts';
import { type Mint, serve } from './support.ts';

export const API = 'trustmint.dev/v1alpha1';
export const SCOPE = 'sample-api-a:write';
export const READ = 'sample-api-a:read';
export const GRANTS = {
  cc: 'client_credentials',
  bearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
} as const;
export const BY_JWT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const BY_SVID = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';
export const JWT = 'urn:ietf:params:oauth:token-type:jwt';

/** An agent is of the type of its name, but the first: that is the worked example's. */
export const AGENTS = ['agent-22962c27', 'b', 'c', 'd'] as const;
export const typeOf = (name: string) => (name === AGENTS[0] ? 'global-worker' : `type-${name}`);
export const pathOf = (name: string) => `/agent/tenant-1/alice/${typeOf(name)}/${name}`;
export const idOf = (name: string) => `spiffe://cluster.local${pathOf(name)}`;

export function resource(name: string, spec: object) {
  return JSON.stringify({ apiVersion: API, kind: 'ProtectedResource', metadata: { name }, spec });
}

export function agentsPolicy(bundleUrl: string, audience: string, issue: object = {}, spec: object = {}) {
  return JSON.stringify({
    apiVersion: API,
    kind: 'ClusterTrustPolicy',
    metadata: { name: 'agents' },
    spec: {
      provider: 'spiffe',
      audience,
      tenant: '{{ .Attributes.tenantId }}',
      spiffe: {
        trustDomain: 'cluster.local',
        pathTemplate: '/agent/{tenantId}/{userId}/{agentType}/{agentId}',
        bundle: { endpoint: { url: bundleUrl } },
      },
      trustRules: [
        {
          name: 'agents',
          match: { path: { agentType: '*' } },
          issue: {
            ...{ ttl: '1h', actsFor: 'RegisteredUser', resources: ['sample-api-a'], scopes: [SCOPE, READ] },
            ...{ delegation: { maxDepth: 4 }, ...issue },
          },
        },
      ],
      ...spec,
    },
  });
}

export const registration = (name: string, more: object = {}) =>
  JSON.stringify({
    apiVersion: API,
    kind: 'AgentRegistration',
    metadata: { name },
    spec: {
      ...{ agentType: typeOf(name), userId: 'alice' },
      identity: { spiffe: { trustDomain: 'cluster.local', tenantId: 'tenant-1' } },
      ...more,
    },
  });

/** A mint whose issuer is its own URL. */
export async function authority(
  manifests: (issuer: string) => Record<string, string>,
  from?: Pick<Mint, 'dir' | 'dataDir' | 'url'>,
): Promise<Mint> {
  const port = from ? new URL(from.url).port : (await freePorts(1))[0];
  const url = `http://127.0.0.1:${port}`;
  return serve(manifests(url), ['--listen', `127.0.0.1:${port}`, '--issuer', url], from);
}

export function agentWorld(issuer: DevIssuer, scopeFormat = 'Array', from?: Mint): Promise<Mint> {
  const spec = { audience: 'sample-api-a', tokenType: 'JWT', scopes: [SCOPE, READ], scopeFormat };
  return authority(
    (url) => ({
      'api.json': resource('sample-api-a', { ...spec, limits: { maxTtl: '1h' } }),
      'policy.json': agentsPolicy(issuer.bundleUrl, url),
      ...Object.fromEntries(AGENTS.map((name) => [`agent-${name}.json`, registration(name)])),
    }),
    from,
  );
}

/** POSTs a form. */
export function form(url: string, params: Readonly<Record<string, string>>): Promise<Answer> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return ask(url, { method: 'POST', body: new URLSearchParams(params).toString(), headers });
}

/** Asks the token endpoint, and expects a token. */
export async function tokenOf(mint: Mint, params: Readonly<Record<string, string>>): Promise<string> {
  const { status, json, text } = await form(`${mint.url}/oauth2/token`, params);
  assert.equal(status, 200, text);
  return json.access_token;
}

/** Why the last request was refused. */
export async function refusal(mint: Mint, params: Readonly<Record<string, string>>): Promise<string> {
  const { status, json } = await form(`${mint.url}/oauth2/token`, params);
  const record = mint.audit().find(({ id, outcome }) => id === json.correlation_id && outcome === 'refused');
  assert.equal(record?.refused.code, json.error, 'the record says what the caller was told');
  return `${status} ${json.error} ${record?.refused.reason}`;
}
