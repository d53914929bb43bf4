/** Agents a, b, c… of one tenant, each of whom may hand on what it gets of one API. */
import assert from 'node:assert/strict';
import type { ExchangeOutcome, ExchangeRequest, Grant } from '../../src/exchange/index.ts';
import { cluster, type Rule, registered, resource, signer, type World, world } from './support.ts';

export const ISSUER = 'https://mint.example';
export const READ = 'api:read';
export const WRITE = 'api:write';
const BUNDLE = JSON.stringify({ keys: [{ ...signer.jwk, use: 'jwt-svid' }] });
export const API = resource('api', { audience: 'api', tokenType: 'JWT', scopes: [READ, WRITE] });
export const OTHER = resource('other', { audience: 'other', tokenType: 'JWT', scopes: ['other:read'] });
export const NOTES = resource('notes', { audience: 'notes', scopes: ['notes:read'] });

/** A rule of the agents of one type, by the name of the type. */
export const rule = (type: string, issue: object = {}): Rule => ({
  name: type,
  match: { path: { agentType: type } },
  issue: {
    ttl: '1h',
    resources: ['api', 'other'],
    scopes: [READ, WRITE, 'other:read'],
    actsFor: 'RegisteredUser',
    delegation: { maxDepth: 4 },
    ...issue,
  },
});

export const policy = (rules: readonly Rule[], spec: object = {}, name = 'agents') =>
  cluster(
    'spiffe',
    rules,
    {
      issuer: undefined,
      keys: undefined,
      tenant: '{{ .Attributes.tenantId }}',
      spiffe: {
        trustDomain: 'cluster.local',
        pathTemplate: '/agent/{tenantId}/{userId}/{agentType}/{agentId}',
        bundle: { inline: BUNDLE },
      },
      ...spec,
    },
    name,
  );

export const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
export type Name = (typeof NAMES)[number];

/** The agent x is of type type-x. */
export const idOf = (name: Name, tenant = 'tenant-1', user = 'alice') =>
  `spiffe://cluster.local/agent/${tenant}/${user}/type-${name}/${name}`;
export const agent = (name: Name, more: object = {}) =>
  registered(name, {
    agentType: `type-${name}`,
    userId: 'alice',
    identity: { spiffe: { trustDomain: 'cluster.local', tenantId: 'tenant-1' } },
    ...more,
  });

export const RULES = NAMES.map((name) => rule(`type-${name}`));

export async function delegating(rules: readonly Rule[] = RULES, spec: object = {}): Promise<Delegating> {
  const w = await world([API, OTHER, NOTES, policy(rules, spec)]);
  w.register(...NAMES.map((name) => agent(name)));
  return new Delegating(w);
}

type Asked = Partial<ExchangeRequest>;

/** What agents ask. Each request says nothing but what it must. */
export class Delegating {
  readonly w: World;

  constructor(w: World) {
    this.w = w;
  }

  proof(name: Name, sub = idOf(name)): Promise<string> {
    return this.w.proof('spiffe', { sub });
  }

  /** A delegation token of `name` for `to`; passed on, where there is one to pass on. */
  async hand(name: Name, to: Name | object, delegation?: string, asked: Asked = {}): Promise<ExchangeOutcome> {
    const mayAct = JSON.stringify(typeof to === 'string' ? { sub: idOf(to) } : to);
    const scopes = delegation === undefined ? { scopes: [READ, WRITE] } : { delegation };
    const request = { door: 'token_exchange', audience: ISSUER, mayAct, ...scopes, ...asked } as const;
    return this.w.exchange(await this.proof(name), request);
  }

  /** What `name` gets by a delegation token. */
  async use(name: Name, delegation: string, asked: Asked = {}): Promise<ExchangeOutcome> {
    return this.w.exchange(await this.proof(name), { door: 'token_exchange', delegation, ...asked });
  }

  /** Hands on from the first to the last of `names`: the last one's token. */
  async chain(...names: readonly Name[]): Promise<string> {
    let token: string | undefined;
    for (const [i, name] of names.slice(0, -1).entries())
      token = given(await this.hand(name, names[i + 1]!, token)).token;
    return token!;
  }

  /** Why the last one was refused, as the record says. */
  why(outcome: ExchangeOutcome): string {
    if (outcome.granted) assert.fail('it was granted');
    const { code, reason } = this.w.record().refused;
    return `${code} ${reason}`;
  }
}

export function given(outcome: ExchangeOutcome): Grant {
  if (!outcome.granted) assert.fail(`refused: ${JSON.stringify(outcome)}`);
  return outcome;
}
