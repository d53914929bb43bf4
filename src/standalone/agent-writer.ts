/** Registers and retires agents by files under the data directory. Who asks was looked at before. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type AgentRegistration, type AgentRegistrationSpec, API_VERSION } from '../api/v1alpha1/index.ts';
import type { Clock } from '../clock.ts';
import { type AgentAsked, isAgentName, isSameAgent, readAgentAsked } from '../policy/index.ts';
import { agentsDir, ensureAgents, MAX_AGENTS, onlyAgents } from './agents.ts';
import { printable } from './errors.ts';
import { DEFAULT_NAMESPACE, type ReadResult } from './objects.ts';
import { readManifests } from './read.ts';
import type { ManifestStore } from './store.ts';
import { uidOf } from './uid.ts';
import { writeWhole } from './whole-file.ts';

export interface AgentWriterSettings {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly store: Pick<ManifestStore, 'registrations' | 'reload' | 'readErrors'>;
}

type Refused = {
  readonly result: 'refused';
  readonly code: 'invalid_request' | 'conflict' | 'not_found' | 'temporarily_unavailable';
  readonly message: string;
};
type Answer =
  | {
      readonly result: 'registered' | 'unchanged' | 'retired';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
    }
  | Refused;

/** Characters: a file is called so. */
const MAX_NAME = 200;
const KIND = 'AgentRegistration';

/** What it answers as done is served: it waits until it is. */
export function createAgentWriter({ dataDir, clock, random, store }: AgentWriterSettings) {
  let last: Promise<unknown> = Promise.resolve();

  /** One at a time: two of one name must not both find that there is none. */
  function inTurn(act: () => Promise<Answer>): Promise<Answer> {
    const done = last.then(act).catch((error: NodeJS.ErrnoException): Answer => {
      return refused('temporarily_unavailable', `the data directory cannot be written: ${error.code ?? 'failed'}`);
    });
    last = done;
    return done;
  }

  const find = (name: string): AgentRegistration | undefined =>
    store.registrations().find(({ metadata }) => metadata.name === name && metadata.namespace === DEFAULT_NAMESPACE);

  return {
    register(asked: AgentAsked): Promise<Answer> {
      return inTurn(async () => {
        if ((asked.namespace ?? DEFAULT_NAMESPACE) !== DEFAULT_NAMESPACE) {
          return refused('invalid_request', `namespace: there is none but ${DEFAULT_NAMESPACE} here`);
        }
        const read = readAgentAsked(asked, clock.now());
        if ('fault' in read) return refused('invalid_request', printable(read.fault, 300));
        const { serviceAccount } = read.spec.identity;
        // It would be of a cluster that there is not, and nobody the agent.
        if (serviceAccount && serviceAccount.issuer === undefined) {
          return refused('invalid_request', 'identity.serviceAccount.issuer: required, for there is no cluster here');
        }
        if ((read.name?.length ?? 0) > MAX_NAME) {
          return refused('invalid_request', `name: at most ${MAX_NAME} characters here`);
        }
        const { spec, name = `agent-${Buffer.from(random(8)).toString('hex')}` } = read;
        const named = { namespace: DEFAULT_NAMESPACE, name, uid: uidOf(KIND, DEFAULT_NAMESPACE, name) };
        const there = find(name);
        if (there) {
          if (isSameAgent(there.spec, spec)) return { result: 'unchanged', ...named };
          return refused('conflict', 'another agent is registered by this name');
        }
        await saveAgent(dataDir, name, spec);
        await store.reload();
        if (find(name)) return { result: 'registered', ...named };
        return refused('temporarily_unavailable', 'it is written, and not served while the manifests cannot be read');
      });
    },

    retire({ namespace = DEFAULT_NAMESPACE, name }: { readonly namespace?: string; readonly name: string }) {
      return inTurn(async () => {
        const none = refused('not_found', 'there is no agent of this name');
        if (namespace !== DEFAULT_NAMESPACE || !isAgentName(name) || !find(name)) return none;
        await removeAgent(dataDir, name);
        await store.reload();
        if (find(name)) return refused('conflict', 'the agent stands in a manifest: take it out there');
        const uid = uidOf(KIND, DEFAULT_NAMESPACE, name);
        return { result: 'retired', namespace, name, uid };
      });
    },
  };
}

/**
 * Writes the file of a registration; a `serve` that follows it serves it within a second.
 * @throws NodeJS.ErrnoException
 */
export async function saveAgent(dataDir: string, name: string, spec: AgentRegistrationSpec): Promise<void> {
  await ensureAgents(dataDir);
  const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace: DEFAULT_NAMESPACE }, spec };
  await writeWhole(join(agentsDir(dataDir), `${name}.yaml`), stringify(object, { lineWidth: 0 }));
}

/** Removes that file, if there is one. @throws NodeJS.ErrnoException */
export async function removeAgent(dataDir: string, name: string): Promise<void> {
  await rm(join(agentsDir(dataDir), `${name}.yaml`), { force: true });
}

/** The registrations under a data directory, and what is wrong with the rest. */
export async function listAgents(dataDir: string): Promise<ReadResult> {
  await ensureAgents(dataDir);
  return onlyAgents(await readManifests(agentsDir(dataDir), undefined, MAX_AGENTS));
}

function refused(code: Refused['code'], message: string): Refused {
  return { result: 'refused', code, message };
}
