/** Registering agents, with an audit record of each request whose sender is known. */
import type { AuditEvent } from '../audit/index.ts';
import type { AgentAnswer, AgentCaller, AgentRegistry } from '../server/index.ts';

/** @param recorded resolves when the record is written */
export function recordedAgents(registry: AgentRegistry, recorded: (event: AuditEvent) => Promise<void>): AgentRegistry {
  async function leave(
    answer: AgentAnswer,
    asked: { readonly namespace?: string; readonly name?: string; readonly spec?: Readonly<Record<string, unknown>> },
    { correlationId, peer }: AgentCaller,
  ): Promise<AgentAnswer> {
    const isRefused = answer.result === 'refused';
    // Anybody may be refused, as often as they like.
    if (isRefused && answer.code === 'unauthorized') return answer;
    const { agentType, userId } = asked.spec ?? {};
    try {
      await recorded({
        kind: 'agent',
        id: correlationId,
        action: isRefused ? 'refused' : answer.result === 'retired' ? 'retired' : 'registered',
        peer,
        requested_by: answer.requestedBy ?? null,
        namespace: (isRefused ? asked.namespace : answer.namespace) ?? null,
        name: (isRefused ? asked.name : answer.name) ?? null,
        uid: isRefused ? null : answer.uid,
        ...(typeof agentType === 'string' && { agent_type: agentType }),
        ...(typeof userId === 'string' && { user_id: userId }),
        ...(isRefused && { reason: answer.code }),
      });
      return answer;
    } catch {
      const message = 'what was done could not be recorded: ask again';
      return { result: 'refused', code: 'temporarily_unavailable', message };
    }
  }

  return {
    register: async (asked, caller) => leave(await registry.register(asked, caller), asked, caller),
    retire: async (asked, caller) => leave(await registry.retire(asked, caller), asked, caller),
  };
}
