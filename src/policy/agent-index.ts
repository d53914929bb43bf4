/** Which registered agent an identity is. Kept up to date as registrations come and go, for making it anew takes seconds. */
import { AGENT_FIELDS } from '../api/v1alpha1/index.ts';
import type { VerifiedIdentity } from '../identity.ts';
import { type Agent, accountKey, accountOf } from './agent.ts';
import { AgentTable } from './agent-table.ts';

/** Why an identity is no agent's: for the audit record. */
export type NoAgent = 'unregistered' | 'suspended' | 'revoked' | 'expired' | 'duplicate' | 'mismatch';

export type FoundAgent = { readonly agent: Agent } | { readonly not: NoAgent };

/** What the exchange asks. */
export interface AgentDirectory {
  /**
   * The one agent that an identity is: everything that the identity says of itself agrees with it, and it is active.
   *
   * @param ownCluster whether the identity's anchor is this cluster
   * @param now seconds since the epoch
   */
  find(identity: VerifiedIdentity, ownCluster: boolean, now: number): FoundAgent;
  /** Whether the agent of this uid is there and active; its identity is not looked at. */
  isActive(uid: string, now: number): boolean;
  /** A token was just given to the agent. */
  noteUse?(agent: Agent, now: number): void;
}

/** What every SPIFFE identity has beside its path. */
const OWN_FIELDS: ReadonlySet<string> = new Set([...AGENT_FIELDS, 'id', 'trustDomain']);

const NONE: readonly Agent[] = [];

/** Agents by what they are found by. Takes as long with a million of them as with one. */
export class AgentIndex implements AgentDirectory {
  readonly #byKey = new AgentTable<Agent>(({ key }) => key);
  readonly #byUid = new AgentTable<Agent>(({ uid }) => uid);
  /** By account: the keys of those of its pods that are registered by themselves. */
  readonly #pods = new Map<string, Set<string>>();

  get size(): number {
    return this.#byUid.size;
  }

  /** One of the same uid takes the place of the one before. */
  add(agent: Agent): void {
    this.remove(agent);
    if (this.#of(agent.key).length === 0) this.#notePod(agent.key, true);
    this.#byKey.add(agent);
    this.#byUid.add(agent);
  }

  /** The agent of this uid is there no more. */
  remove({ uid }: Pick<Agent, 'uid'>): void {
    const [known] = this.#byUid.find(uid);
    if (!known) return;
    this.#byUid.remove(known);
    this.#byKey.remove(known);
    if (this.#of(known.key).length === 0) this.#notePod(known.key, false);
  }

  find(identity: VerifiedIdentity, ownCluster: boolean, now: number): FoundAgent {
    if (identity.provider === 'spiffe') return this.#findSpiffe(identity, now);
    return identity.provider === 'kubernetes' ? this.#findAccount(identity, ownCluster, now) : { not: 'unregistered' };
  }

  isActive(uid: string, now: number): boolean {
    const [agent] = this.#byUid.find(uid);
    return agent !== undefined && 'agent' in active(agent, now) && this.duplicatesOf(agent).length === 0;
  }

  /** The others that are registered for the same identity: with any, it never counts. */
  duplicatesOf(agent: Agent): readonly Agent[] {
    const same = this.#of(agent.key).filter((one) => one.uid !== agent.uid && sameDomain(one, agent));
    const account = accountOf(agent.key);
    return account === undefined || account === agent.key ? same : [...same, ...this.#of(account)];
  }

  /** Those for single pods of the account that it is for: for these pods alone it does not count, nor do they. */
  *podsOf(agent: Agent): Iterable<Agent> {
    for (const key of this.#pods.get(agent.key) ?? []) yield* this.#of(key);
  }

  #findSpiffe({ attributes, issuer }: VerifiedIdentity, now: number): FoundAgent {
    const agentId = attributes.get('agentId');
    if (agentId === undefined) return { not: 'unregistered' };
    for (const field of attributes.keys()) if (!OWN_FIELDS.has(field)) return { not: 'mismatch' };
    const domain = this.#of(agentId).filter(({ traits }) => `spiffe://${traits.trustDomain}` === issuer);
    if (domain.length === 0) return { not: 'unregistered' };
    const agreeing = domain.filter((agent) => agrees(agent, attributes));
    const [agent] = agreeing;
    if (!agent) return { not: 'mismatch' };
    if (agreeing.length > 1 || domain.some((one) => one !== agent && sameDomain(one, agent)))
      return { not: 'duplicate' };
    return active(agent, now);
  }

  #findAccount({ attributes, issuer }: VerifiedIdentity, ownCluster: boolean, now: number): FoundAgent {
    const namespace = attributes.get('namespace');
    const name = attributes.get('serviceAccount');
    if (namespace === undefined || name === undefined) return { not: 'unregistered' };
    const account = { ...(!ownCluster && { issuer }), namespace, name };
    const key = accountKey(account);
    const podUid = attributes.get('podUid');
    const found = [...this.#of(key), ...(podUid === undefined ? NONE : this.#of(accountKey({ ...account, podUid })))];
    const [agent] = found;
    if (!agent) return { not: this.#pods.has(key) ? 'mismatch' : 'unregistered' };
    return found.length > 1 ? { not: 'duplicate' } : active(agent, now);
  }

  #of(key: string): readonly Agent[] {
    return this.#byKey.find(key);
  }

  #notePod(key: string, isThere: boolean): void {
    const account = accountOf(key);
    if (account === undefined || account === key) return;
    const keys = this.#pods.get(account) ?? new Set();
    if (isThere) this.#pods.set(account, keys.add(key));
    else if (keys.delete(key) && keys.size === 0) this.#pods.delete(account);
  }
}

/** Whether two of one name are one agent of one tenant and trust domain, whatever else they say. */
function sameDomain(a: Agent, b: Agent): boolean {
  return a.traits.trustDomain === b.traits.trustDomain && a.traits.tenantId === b.traits.tenantId;
}

function agrees({ userId, traits }: Agent, attributes: VerifiedIdentity['attributes']): boolean {
  const of = { tenantId: traits.tenantId, userId, agentType: traits.agentType };
  return (['tenantId', 'userId', 'agentType'] as const).every(
    (field) => !attributes.has(field) || attributes.get(field) === of[field],
  );
}

function active(agent: Agent, now: number): FoundAgent {
  const { state } = agent.traits;
  if (state !== 'Active') return { not: state === 'Revoked' ? 'revoked' : 'suspended' };
  if (agent.expiresAt !== undefined && now >= agent.expiresAt) return { not: 'expired' };
  return { agent };
}
