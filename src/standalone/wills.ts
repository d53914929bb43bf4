/** What policies leave behind when they go, kept under the data directory: a file may be taken away while none reads. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { AgentRegistration } from '../api/v1alpha1/index.ts';
import { timestamp } from '../api/v1alpha1/index.ts';
import type { PolicyObjects } from '../policy/types.ts';
import { StandaloneError } from './errors.ts';
import { writeWhole } from './whole-file.ts';

const will = z.strictObject({
  uid: z.string().min(1).max(128),
  /** What it is named by in a revocation. */
  by: z.enum(['policy', 'agent']).default('policy'),
  name: z.string().min(1).max(253),
  isRevoked: z.boolean(),
  revokeIssuedBefore: timestamp.optional(),
  revokesOnDeletion: z.boolean(),
});
const stored = z.strictObject({ version: z.literal(1), policies: z.array(will) });

export type Will = z.infer<typeof will>;

/** Whatever revokes. */
export interface RevokingObjects extends Pick<PolicyObjects, 'trustPolicies' | 'clusterTrustPolicies'> {
  readonly registrations: readonly AgentRegistration[];
}

/** Of the objects that leave something, in the order of their uids. */
export function willsOf({ trustPolicies, clusterTrustPolicies, registrations }: RevokingObjects): Will[] {
  return [...trustPolicies, ...clusterTrustPolicies, ...registrations]
    .map(({ kind, metadata, spec }) => ({
      uid: metadata.uid!,
      by: kind === 'AgentRegistration' ? ('agent' as const) : ('policy' as const),
      name: metadata.name,
      isRevoked: spec.state === 'Revoked',
      ...(spec.revokeIssuedBefore !== undefined && { revokeIssuedBefore: spec.revokeIssuedBefore }),
      revokesOnDeletion: spec.deletionPolicy === 'Revoke',
    }))
    .filter((one) => one.isRevoked || one.revokesOnDeletion || one.revokeIssuedBefore !== undefined)
    .sort((a, b) => (a.uid < b.uid ? -1 : 1));
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'revoking-policies.json');
}

/**
 * Those of the last good read; none where there was none.
 * @throws StandaloneError data_dir_unusable
 */
export async function readWills(dataDir: string): Promise<readonly Will[]> {
  const path = pathOf(dataDir);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new StandaloneError('data_dir_unusable', `${path} cannot be read: ${code}`);
  }
  try {
    return stored.parse(JSON.parse(text)).policies;
  } catch {
    const message = `${path} is damaged: delete it, once no policy was taken away that had revoked its tokens`;
    throw new StandaloneError('data_dir_unusable', message);
  }
}

/** @throws StandaloneError data_dir_unusable */
export async function saveWills(dataDir: string, wills: readonly Will[]): Promise<void> {
  const path = pathOf(dataDir);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await writeWhole(path, `${JSON.stringify({ version: 1, policies: wills })}\n`);
  } catch (error) {
    const message = `${path} cannot be written: ${(error as NodeJS.ErrnoException).code}`;
    throw new StandaloneError('data_dir_unusable', message);
  }
}
