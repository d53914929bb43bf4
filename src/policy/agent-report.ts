/** What became of a registration, as its conditions say it (KEP-1623). */
import type { Agent } from './agent.ts';
import type { Condition, ObjectReport, Problem } from './types.ts';

export interface AgentFacts {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation?: number;
  /** Absent where the object cannot be read, which `fault` then says. */
  readonly agent?: Pick<Agent, 'traits' | 'expiresAt'>;
  readonly fault?: Problem;
  readonly isDeleting: boolean;
  /** Whether its namespace is an agent registry. */
  readonly isRegistry: boolean;
  /** Others of the same identity, as `namespace/name`; the first few. */
  readonly duplicates: readonly string[];
  /** The same, of single pods of its account. */
  readonly pods: readonly string[];
}

/** @param now NumericDate seconds */
export function reportAgent(facts: AgentFacts, now: number): ObjectReport {
  const { uid, namespace, name, generation, agent, isDeleting } = facts;
  const problems = problemsOf(facts);
  const [wrong] = problems;
  const state = agent?.traits.state ?? 'Active';
  const isOver = agent?.expiresAt !== undefined && now >= agent.expiresAt;
  const phase =
    state === 'Revoked' ? state : wrong ? 'Invalid' : state !== 'Active' ? state : isOver ? 'Expired' : state;
  const why = wrong ? `${wrong.path}: ${wrong.message}` : '';
  const conditions: Condition[] = [
    wrong
      ? { type: 'Accepted', status: 'False', reason: wrong.code, message: why }
      : { type: 'Accepted', status: 'True', reason: 'Accepted', message: `the object is valid${exceptFor(facts)}` },
    isDeleting
      ? { type: 'Ready', status: 'False', reason: 'Deleting', message: 'the object is being deleted, and not served' }
      : wrong
        ? { type: 'Ready', status: 'False', reason: wrong.code, message: why }
        : phase === 'Active'
          ? { type: 'Ready', status: 'True', reason: 'Ready', message: 'served' }
          : { type: 'Ready', status: 'False', reason: phase, message: 'nothing is issued to the agent' },
    state === 'Revoked'
      ? {
          type: 'Revoked',
          status: 'True',
          reason: 'StateRevoked',
          message: 'nothing is issued, and what was issued is dead',
        }
      : { type: 'Revoked', status: 'False', reason: 'NotRevoked', message: `the state is ${state}` },
  ];
  return {
    kind: 'AgentRegistration',
    uid,
    namespace,
    name,
    ...(generation !== undefined && { generation }),
    served: !wrong && !isDeleting,
    phase,
    rules: 0,
    conditions,
    problems,
  };
}

function exceptFor({ pods }: AgentFacts): string {
  return pods.length === 0 ? '' : `; the pods that ${pods.join(', ')} registers are registered twice, and refused`;
}

function problemsOf({ fault, isRegistry, duplicates, namespace }: AgentFacts): Problem[] {
  if (fault) return [fault];
  const error = (code: string, path: string, message: string) => [{ code, severity: 'error' as const, path, message }];
  if (!isRegistry) {
    const message = `${namespace} is no agent registry: the platform team labels those trustmint.dev/agent-registry: "true"`;
    return error('NotARegistry', 'metadata.namespace', message);
  }
  if (duplicates.length === 0) return [];
  const others = duplicates.join(', ');
  return error('Duplicate', 'spec.identity', `registered by ${others} too, so it does not count`);
}
