/** Policies: compiled into a snapshot, ordered, indexed, matched, explained. */
export { type Agent, type AgentTraits, agentFace, agentKey, agentOf, TraitsPool } from './agent.ts';
export { type AgentDirectory, AgentIndex, type FoundAgent, type NoAgent } from './agent-index.ts';
export { type AgentFacts, reportAgent } from './agent-report.ts';
export { isAgentName, isSameAgent, type ReadAgent, readAgentAsked } from './agent-request.ts';
export { compile } from './compile.ts';
export { parseDuration } from './duration.ts';
export { lint, lintInSteps } from './lint.ts';
export type * from './types.ts';
