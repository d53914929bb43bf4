/** A registered agent as the index and the exchange see it. Small: there may be a million of them. */
import type { AgentRegistration, AgentRegistrationSpec } from '../api/v1alpha1/index.ts';

/** What many agents have in common, held once. */
export interface AgentTraits {
  readonly namespace: string;
  readonly agentType: string;
  readonly state: 'Active' | 'Suspended' | 'Revoked';
  /** Of a SPIFFE identity. */
  readonly trustDomain?: string;
  readonly tenantId?: string;
  /** Of a service account: `[issuer ]namespace/`. */
  readonly accounts?: string;
  /** Its tokens carry no other scopes. */
  readonly scopes?: readonly string[];
}

export interface Agent {
  readonly uid: string;
  readonly name: string;
  readonly userId: string;
  readonly traits: AgentTraits;
  /** What it is found by: its name for a SPIFFE identity, else `[issuer ]namespace/account[#podUid]`. */
  readonly key: string;
  /** NumericDate, seconds: from then on it is over. */
  readonly expiresAt: number | undefined;
}

/** What an agent shares with others; and of a service account what is left of its key: `name[#podUid]`. */
export interface AgentFace {
  readonly traits: AgentTraits;
  readonly account: string | undefined;
}

/** Distinct traits that are held once, at most; then the next ones begin anew. */
const MAX_TRAITS = 4_096;

/** Holds equal traits once. */
export class TraitsPool {
  #known = new Map<string, AgentTraits>();

  intern(traits: AgentTraits): AgentTraits {
    const { namespace, agentType, state, trustDomain, tenantId, accounts, scopes } = traits;
    const key = JSON.stringify([namespace, agentType, state, trustDomain, tenantId, accounts, scopes]);
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size >= MAX_TRAITS) this.#known = new Map();
    this.#known.set(key, traits);
    return traits;
  }
}

/** Reads what an agent is found by, and what it shares with others. */
export function agentFace(namespace: string, spec: AgentRegistrationSpec, pool: TraitsPool): AgentFace {
  const { agentType, state = 'Active', scopes, identity } = spec;
  const { spiffe, serviceAccount } = identity;
  const { name, podUid } = serviceAccount ?? {};
  const traits = pool.intern({
    namespace,
    agentType,
    state,
    ...(spiffe && { trustDomain: spiffe.trustDomain }),
    ...(spiffe?.tenantId !== undefined && { tenantId: spiffe.tenantId }),
    ...(serviceAccount && { accounts: prefixOf(serviceAccount) }),
    ...(scopes && { scopes: [...scopes] }),
  });
  return { traits, account: podUid === undefined ? name : `${name}#${podUid}` };
}

/** What an agent is found by. */
export function agentKey({ traits, account }: AgentFace, name: string): string {
  return account === undefined ? name : `${traits.accounts}${account}`;
}

export interface AccountName {
  /** Of another cluster. */
  readonly issuer?: string | undefined;
  readonly namespace: string;
  readonly name: string;
  readonly podUid?: string | undefined;
}

/** A name holds no slash, and an issuer no space: no two identities have one key. */
export function accountKey({ name, podUid, ...of }: AccountName): string {
  const account = `${prefixOf(of)}${name}`;
  return podUid === undefined ? account : `${account}#${podUid}`;
}

function prefixOf({ issuer, namespace }: Pick<AccountName, 'issuer' | 'namespace'>): string {
  return `${issuer === undefined ? '' : `${issuer} `}${namespace}/`;
}

/** The account of a key, whatever its pod; undefined for a SPIFFE identity. */
export function accountOf(key: string): string | undefined {
  if (!key.includes('/')) return undefined;
  const mark = key.lastIndexOf('#');
  return mark < 0 ? key : key.slice(0, mark);
}

/** The agent of a whole registration; `expiresAt` must be what its schema says. */
export function agentOf({ metadata, spec }: AgentRegistration, pool: TraitsPool): Agent {
  const { uid = '', namespace = '', name } = metadata;
  const expiresAt = spec.expiresAt === undefined ? undefined : Math.floor(Date.parse(spec.expiresAt) / 1000);
  const face = agentFace(namespace, spec, pool);
  return { uid, name, userId: spec.userId, traits: face.traits, key: agentKey(face, name), expiresAt };
}
