/** What an orchestrator asks for when it registers an agent. */
import { type AgentRegistrationSpec, agentRegistrationSpec, sayingRequired } from '../api/v1alpha1/index.ts';
import type { AgentAsked } from './types.ts';

/** RFC 1123: what an object may be called. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export type ReadAgent =
  | { readonly name: string | undefined; readonly spec: AgentRegistrationSpec }
  | { readonly fault: string };

/**
 * Reads what was asked for by the schema of the kind.
 *
 * @param now epoch milliseconds
 * @returns `fault`: what is wrong, for the caller
 */
export function readAgentAsked({ name, spec }: AgentAsked, now: number): ReadAgent {
  if (name !== undefined && !isAgentName(name)) {
    return { fault: 'name: lower-case letters, digits and inner - and . only' };
  }
  const parsed = agentRegistrationSpec.safeParse(spec, sayingRequired);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { fault: `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not what it should be'}` };
  }
  const unknown = unknownMember(spec, parsed.data);
  if (unknown !== undefined) return { fault: `${unknown}: there is no such member` };
  const { identity, expiresAt } = parsed.data;
  if ((identity.spiffe === undefined) === (identity.serviceAccount === undefined)) {
    return { fault: 'identity: give exactly one of spiffe and serviceAccount' };
  }
  if (expiresAt !== undefined && !(Date.parse(expiresAt) > now)) return { fault: 'expiresAt: give a time to come' };
  return { name, spec: parsed.data };
}

/**
 * The path of a member that no schema has. It must not be overlooked: without the `podUid` that it was meant to be, say,
 * every pod of the account would be the agent.
 */
function unknownMember(asked: unknown, read: unknown): string | undefined {
  if (!isRecord(asked) || !isRecord(read)) return undefined;
  for (const [name, value] of Object.entries(asked)) {
    if (!Object.hasOwn(read, name)) return name;
    const within = unknownMember(value, read[name]);
    if (within !== undefined) return `${name}.${within}`;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isAgentName(name: string): boolean {
  return name.length <= 253 && NAME.test(name);
}

/** Whether a registration that is there says what is asked for: then to ask again is no harm. */
export function isSameAgent(there: unknown, asked: AgentRegistrationSpec): boolean {
  const parsed = agentRegistrationSpec.safeParse(there);
  return parsed.success && canonical(parsed.data) === canonical(asked);
}

function canonical({ agentType, userId, identity, scopes, expiresAt, state }: AgentRegistrationSpec): string {
  const { spiffe, serviceAccount } = identity;
  return JSON.stringify([
    agentType,
    userId,
    spiffe && [spiffe.trustDomain, spiffe.tenantId],
    serviceAccount && [serviceAccount.issuer, serviceAccount.namespace, serviceAccount.name, serviceAccount.podUid],
    scopes && [...scopes].sort(),
    expiresAt === undefined ? null : Date.parse(expiresAt),
    state,
  ]);
}
