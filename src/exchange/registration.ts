/** For whom a workload acts: what the registry says of it, and nothing else. */
import type { Agent, NoAgent } from '../policy/index.ts';
import type { GrantTerms } from '../policy/types.ts';
import type { DenialReason } from './denial-reasons.ts';
import { type Refused, refuse } from './refusals.ts';
import type { EngineSettings } from './settings.ts';

const WHY: Readonly<Record<NoAgent, readonly [reason: DenialReason, detail: string]>> = {
  unregistered: ['no_registration', 'the rule acts for a user, and the workload is not registered'],
  suspended: ['agent_suspended', 'the registration is Suspended'],
  revoked: ['agent_revoked', 'the registration is Revoked'],
  expired: ['agent_expired', 'the registration is over'],
  duplicate: ['agent_duplicate', 'two registrations are of this identity, so neither counts'],
  mismatch: ['agent_mismatch', 'the registration says something else than the identity: tenant, user, type or pod'],
};

export interface Registered {
  /** Absent where the rule acts for nobody: then none is read. */
  readonly agent?: Agent;
  /** Narrowed to what the registration gives. */
  readonly terms: GrantTerms;
}

/**
 * The registration that terms with `actsFor` require.
 *
 * @param now seconds since the epoch
 */
export function registrationFor(
  { view }: Pick<EngineSettings, 'view'>,
  terms: GrantTerms,
  ownCluster: boolean,
  now: number,
): Registered | Refused {
  if (terms.actsFor === undefined) return { terms };
  const found = view.agents?.().find(terms.identity, ownCluster, now) ?? { not: 'unregistered' as const };
  if ('not' in found) return refused(found.not);
  const { agent } = found;
  const { tenantId, scopes } = agent.traits;
  if (tenantId !== undefined && tenantId !== terms.tenant) return refused('mismatch');
  if (!scopes) return { agent, terms };
  const left = terms.scopes?.filter((scope) => scopes.includes(scope)) ?? [];
  if (left.length === 0) {
    const detail = 'the registration gives none of the scopes that the rule gives of this resource';
    return refuse('no_matching_policy', 'policy', 'nothing_left', detail);
  }
  return { agent, terms: { ...terms, scopes: left } };
}

/** Nothing falls back to the workload as its own subject. */
function refused(why: NoAgent): Refused {
  const [reason, detail] = WHY[why];
  return refuse('no_matching_policy', 'policy', reason, detail);
}
