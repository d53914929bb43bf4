/** Where `trustmint agent` finds and writes registrations. */
import { randomBytes } from 'node:crypto';
import { type AgentRegistration, type AgentRegistrationSpec, API_VERSION } from '../api/v1alpha1/index.ts';
import { systemClock } from '../clock.ts';
import { kubeTime, listAll } from '../kube/index.ts';
import { WATCHED } from '../operator/index.ts';
import { listAgents, printProblem, removeAgent, saveAgent, uidOf, writeRevocation } from '../standalone/index.ts';
import type { Change, PlaceFlags } from './agent.ts';
import { refusedByCluster, withCluster } from './cluster.ts';
import { requireDataDir } from './data-dir.ts';
import { CliError } from './errors.ts';

export interface ListedAgent {
  readonly name: string;
  readonly uid?: string;
  readonly spec: AgentRegistrationSpec;
}

export interface AgentPlace {
  /** A namespace, or a directory. */
  readonly where: string;
  create(name: string, spec: AgentRegistrationSpec): Promise<{ readonly uid: string }>;
  change(name: string, change: Change): Promise<void>;
  /** @param revoke whether what it was given dies with it */
  remove(name: string, revoke: boolean): Promise<void>;
  list(): Promise<readonly ListedAgent[]>;
}

const TYPE = WATCHED.AgentRegistration;
const KIND = 'AgentRegistration';

export async function placeOf(flags: PlaceFlags, run: (place: AgentPlace) => Promise<void>): Promise<void> {
  const { dataDir, kubeconfig, context, namespace: given } = flags;
  if (dataDir !== undefined) {
    if ((kubeconfig ?? context ?? given) !== undefined)
      throw new CliError('usage', '--data-dir goes with neither --kubeconfig, --context nor --namespace');
    await requireDataDir(dataDir);
    return await run(directory(dataDir));
  }
  await withCluster({ kubeconfig, context }, async ({ client, namespace: found }) => {
    const namespace = given ?? found ?? 'default';
    const asked = async <T>(verb: string, what: string, act: () => Promise<T>): Promise<T> => {
      try {
        return await act();
      } catch (error) {
        throw refusedByCluster(error, verb, `agentregistrations in namespace ${namespace}`, what);
      }
    };
    const none = (name: string) => `there is no agent ${name} in namespace ${namespace}`;
    await run({
      where: namespace,
      create: (name, spec) =>
        asked('create', `there is no namespace ${namespace}, or the CRD is not installed`, async () => {
          const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace }, spec };
          return (await client.create(TYPE, object, namespace)).metadata;
        }),
      change: (name, spec) =>
        asked('patch', none(name), async () => void (await client.patch(TYPE, name, namespace, 'merge', { spec }))),
      async remove(name, revoke) {
        const spec = { deletionPolicy: 'Revoke' };
        if (revoke) await asked('patch', none(name), () => client.patch(TYPE, name, namespace, 'merge', { spec }));
        await asked('delete', none(name), () => client.delete(TYPE, name, namespace));
      },
      list: () =>
        asked('list', 'the CRD is not installed', async () => {
          const all = await listAll(client, TYPE, { namespace });
          return all.map(({ metadata, spec }) => ({
            name: metadata.name,
            uid: metadata.uid,
            spec: spec as AgentRegistrationSpec,
          }));
        }),
    });
  });
}

function directory(dataDir: string): AgentPlace {
  const all = async (): Promise<readonly AgentRegistration[]> => {
    const { objects, problems } = await listAgents(dataDir);
    if (problems[0]) throw new CliError('unreadable', printProblem(problems[0]));
    return objects.map(({ resource }) => resource as AgentRegistration);
  };
  const one = async (name: string) => {
    const found = (await all()).find(({ metadata }) => metadata.name === name);
    if (!found)
      throw new CliError(
        'not_found',
        `there is no agent ${name} under ${dataDir}; those of manifests are changed there`,
      );
    return found;
  };
  return {
    where: dataDir,
    async create(name, spec) {
      if ((await all()).some(({ metadata }) => metadata.name === name))
        throw new CliError('conflict', `an agent ${name} is registered already`);
      await saveAgent(dataDir, name, spec);
      return { uid: uidOf(KIND, 'default', name) };
    },
    async change(name, change) {
      const { spec } = await one(name);
      if (spec.state === 'Revoked' && change.state !== undefined)
        throw new CliError('conflict', 'Revoked is terminal: register another agent');
      await saveAgent(dataDir, name, { ...spec, ...change });
    },
    async remove(name, revoke) {
      await one(name);
      if (revoke) {
        // By name: an agent of this name may be registered anew, and what that is given lives.
        const issuedBefore = kubeTime(systemClock.now());
        const spec = { agent: uidOf(KIND, 'default', name), issuedBefore, reason: `the agent ${name} was retired` };
        await writeRevocation(dataDir, spec, { clock: systemClock, random: (n) => randomBytes(n) });
      }
      await removeAgent(dataDir, name);
    },
    list: async () => (await all()).map(({ metadata, spec }) => ({ name: metadata.name, spec })),
  };
}
