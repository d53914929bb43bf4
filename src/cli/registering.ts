/** Registering agents by request in a cluster, with a client of its own. */
import { type AgentRegistrySettings, type ClusterView, createAgentRegistry } from '../operator/index.ts';
import type { AgentRegistry } from '../server/index.ts';
import { recordedAgents } from './agent-records.ts';
import type { Replica } from './numbers.ts';
import type { ServeFlags } from './serve.ts';

/** Requests a second and at once: an orchestrator may spawn thousands. */
const REGISTRATIONS = { qps: 200, burst: 400 };

export interface RegisteringParts extends Pick<AgentRegistrySettings, 'access' | 'namespace'> {
  readonly view: Pick<ClusterView, 'copies'>;
}

export function registryOf(flags: ServeFlags, replica: Replica, parts: RegisteringParts): AgentRegistry {
  const { clock, random, connect, recorded } = replica;
  const { view, access, namespace } = parts;
  const client = connect({ rate: REGISTRATIONS });
  const isRegistry = (name: string) => view.copies.agents.isRegistry(name);
  const finalizers = flags.finalizers && !flags.watchNamespaces;
  return recordedAgents(
    createAgentRegistry({ client, clock, random, access, namespace, isRegistry, finalizers }),
    recorded,
  );
}
