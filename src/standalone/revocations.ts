/** TokenRevocations under the data directory: one file each, written by `trustmint revoke` while `serve` runs. */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  API_VERSION,
  REVOCATION_TARGETS,
  type TokenRevocation,
  type TokenRevocationSpec,
  tokenRevocation,
} from '../api/v1alpha1/index.ts';
import type { Clock } from '../clock.ts';
import { fromTokenRevocations, parseTimestamp } from '../revocation/index.ts';
import { StandaloneError } from './errors.ts';
import { DEFAULT_NAMESPACE, type ReadResult } from './objects.ts';
import { writeWhole } from './whole-file.ts';

/** Seconds after which no token made before can still live: the longest ttl, and an hour for clocks that differ. */
export const OUTLIVES_TOKENS = 25 * 3600;

export function revocationsDir(dataDir: string): string {
  return join(dataDir, 'revocations');
}

/** Makes the data directory and its revocations, for this user alone. */
export async function ensureRevocations(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await mkdir(revocationsDir(dataDir), { recursive: true, mode: 0o700 });
    await chmod(revocationsDir(dataDir), 0o700);
  } catch (error) {
    const message = `the data directory ${dataDir} cannot be used: ${(error as NodeJS.ErrnoException).code}`;
    throw new StandaloneError('data_dir_unusable', message);
  }
}

export interface WriteOptions {
  readonly clock: Clock;
  /** Cryptographically secure bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * The TokenRevocation of a spec, made now. One token, or what is derived from one, is revoked for as long as it can
 * live unless `expiresAt` says otherwise; anything else for ever.
 * @throws StandaloneError invalid_revocation
 */
export function revocationObject(spec: TokenRevocationSpec, { clock, random }: WriteOptions): TokenRevocation {
  const now = clock.now();
  const [target, ...more] = REVOCATION_TARGETS.filter((name) => spec[name] !== undefined);
  if (!target || more.length > 0) {
    throw new StandaloneError('invalid_revocation', `give exactly one of ${REVOCATION_TARGETS.join(', ')}`);
  }
  for (const name of ['issuedBefore', 'expiresAt'] as const) {
    const time = spec[name];
    if (time !== undefined && parseTimestamp(time) === undefined) {
      throw new StandaloneError('invalid_revocation', `${name}: no such time`);
    }
  }
  const single = target === 'token' || target === 'derivedFrom';
  const expiresAt = spec.expiresAt ?? (single ? timestamp(now + OUTLIVES_TOKENS * 1000) : undefined);
  const name = `${target.toLowerCase()}-${Buffer.from(random(8)).toString('hex')}`;
  const parsed = tokenRevocation.safeParse({
    apiVersion: API_VERSION,
    kind: 'TokenRevocation',
    metadata: { name, namespace: DEFAULT_NAMESPACE, creationTimestamp: timestamp(now) },
    spec: { ...spec, ...(expiresAt === undefined ? {} : { expiresAt }) },
  });
  if (parsed.success) return parsed.data as TokenRevocation;
  const [issue] = parsed.error.issues;
  throw new StandaloneError('invalid_revocation', `${issue?.path.join('.')}: ${issue?.message}`);
}

/**
 * Puts a TokenRevocation under the data directory, whole or not at all: a `serve` that follows it refuses the dead
 * within a second.
 * @returns The path of its file.
 * @throws StandaloneError data_dir_unusable
 */
export async function saveRevocation(dataDir: string, object: TokenRevocation): Promise<string> {
  await ensureRevocations(dataDir);
  const file = join(revocationsDir(dataDir), `${object.metadata.name}.yaml`);
  try {
    await writeWhole(file, stringify(object, { lineWidth: 0 }));
  } catch (error) {
    const message = `${file} cannot be written: ${(error as NodeJS.ErrnoException).code}`;
    throw new StandaloneError('data_dir_unusable', message);
  }
  return file;
}

/** What `trustmint revoke` does: `revocationObject`, then `saveRevocation`. */
export async function writeRevocation(
  dataDir: string,
  spec: TokenRevocationSpec,
  options: WriteOptions,
): Promise<{ readonly object: TokenRevocation; readonly file: string }> {
  const object = revocationObject(spec, options);
  return { object, file: await saveRevocation(dataDir, object) };
}

/** What else lies there is not read past: a misplaced file would be thought to be in force. */
export function onlyRevocations(result: ReadResult): ReadResult {
  const foreign = result.objects.filter(({ resource }) => resource.kind !== 'TokenRevocation');
  const problems = foreign.map(({ file, document, line, resource }) => {
    const message = `only TokenRevocations lie here, not a ${resource.kind}`;
    return { file, document, line, path: 'kind', code: 'unknown_kind', message } as const;
  });
  return { ...result, problems: [...result.problems, ...problems] };
}

/** Removes the files of revocations that are over; one that cannot be removed is harmless. */
export async function removeExpired(dataDir: string, objects: readonly TokenRevocation[], clock: Clock): Promise<void> {
  const now = Math.floor(clock.now() / 1000);
  for (const object of objects) {
    const [entry] = fromTokenRevocations([object], () => null).entries;
    if (!entry || entry.expiresAt === null || now <= entry.expiresAt) continue;
    await rm(join(revocationsDir(dataDir), `${object.metadata.name}.yaml`), { force: true }).catch(() => undefined);
  }
}

/** RFC 3339 in whole seconds. */
export function timestamp(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
