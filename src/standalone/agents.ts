/**
 * The registrations that are read: all of them count, for whoever writes the files is the platform team. Those that were
 * asked for at run time lie under the data directory, one file each.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentRegistration } from '../api/v1alpha1/index.ts';
import { type Agent, AgentIndex, agentOf, reportAgent, TraitsPool } from '../policy/index.ts';
import type { ObjectReport } from '../policy/types.ts';
import { fromRevokingObjects, type RevocationEntry } from '../revocation/index.ts';
import { StandaloneError } from './errors.ts';
import type { ReadResult } from './objects.ts';

/** Files. */
export const MAX_AGENTS = 100_000;

export function agentsDir(dataDir: string): string {
  return join(dataDir, 'agents');
}

/**
 * Makes the directory, for this user alone.
 * @throws StandaloneError data_dir_unusable
 */
export async function ensureAgents(dataDir: string): Promise<void> {
  try {
    await mkdir(agentsDir(dataDir), { recursive: true, mode: 0o700 });
    await chmod(agentsDir(dataDir), 0o700);
  } catch (error) {
    const message = `the data directory ${dataDir} cannot be used: ${(error as NodeJS.ErrnoException).code}`;
    throw new StandaloneError('data_dir_unusable', message);
  }
}

/** What else lies there is not read past. */
export function onlyAgents(result: ReadResult): ReadResult {
  const foreign = result.objects.filter(({ resource }) => resource.kind !== 'AgentRegistration');
  const problems = foreign.map(({ file, document, line, resource }) => {
    const message = `only AgentRegistrations lie here, not a ${resource.kind}`;
    return { file, document, line, path: 'kind', code: 'unknown_kind', message } as const;
  });
  return { ...result, problems: [...result.problems, ...problems] };
}

export interface ReadAgents {
  readonly index: AgentIndex;
  readonly objects: readonly AgentRegistration[];
  /** Those that revoke. */
  readonly revoked: readonly RevocationEntry[];
  /** What became of each. @param now NumericDate seconds */
  reports(now: number): readonly ObjectReport[];
}

const MAX_SHOWN = 3;

export function readAgents(objects: readonly AgentRegistration[]): ReadAgents {
  const index = new AgentIndex();
  const pool = new TraitsPool();
  const agents = objects.map((object) => agentOf(object, pool));
  for (const agent of agents) index.add(agent);
  return {
    index,
    objects,
    revoked: revokedBy(objects),
    reports: (now) =>
      agents.map((agent) =>
        reportAgent(
          {
            uid: agent.uid,
            namespace: agent.traits.namespace,
            name: agent.name,
            agent,
            isDeleting: false,
            isRegistry: true,
            duplicates: index.duplicatesOf(agent).slice(0, MAX_SHOWN).map(fullName),
            pods: [...index.podsOf(agent)].slice(0, MAX_SHOWN).map(fullName),
          },
          now,
        ),
      ),
  };
}

function fullName({ traits, name }: Agent): string {
  return `${traits.namespace}/${name}`;
}

function revokedBy(objects: readonly AgentRegistration[]): readonly RevocationEntry[] {
  const revoking = objects.map(({ kind, metadata, spec }) => ({
    uid: metadata.uid!,
    revoked: spec.state === 'Revoked',
    ...(spec.revokeIssuedBefore !== undefined && { revokeIssuedBefore: spec.revokeIssuedBefore }),
    // The uid names one object, of one tenant.
    tenant: null,
    source: `${kind}/${metadata.namespace ?? '-'}/${metadata.name}`,
  }));
  return fromRevokingObjects(revoking, 'agent').entries;
}
