/**
 * Taking a policy's file away, or writing another state into it, never revives what the policy had revoked: also not
 * if that is done while no process runs.
 */
import type { TokenRevocation, TokenRevocationSpec } from '../api/v1alpha1/index.ts';
import { type ManifestProblem, StandaloneError } from './errors.ts';
import { OUTLIVES_TOKENS, revocationObject, saveRevocation, timestamp, type WriteOptions } from './revocations.ts';
import { type RevokingObjects, readWills, saveWills, type Will, willsOf } from './wills.ts';

/**
 * What must be revoked in the place of policies: of each that was Revoked and no longer is, or is gone though it had
 * `revokeIssuedBefore` or `deletionPolicy: Revoke`. Only what was issued until now: uids come from names here, so a
 * policy of that name may be made anew and its tokens live.
 * @param now Milliseconds since the epoch.
 */
function tombstones(before: readonly Will[], after: RevokingObjects, now: number): TokenRevocationSpec[] {
  const states = new Map(
    [...after.trustPolicies, ...after.clusterTrustPolicies, ...after.registrations].map(({ metadata, spec }) => [
      metadata.uid,
      spec.state,
    ]),
  );
  const specs: TokenRevocationSpec[] = [];
  for (const { uid, by, name, isRevoked, revokeIssuedBefore, revokesOnDeletion } of before) {
    const gone = !states.has(uid);
    const killsAll = (isRevoked && states.get(uid) !== 'Revoked') || (gone && revokesOnDeletion);
    const until = killsAll ? timestamp(now) : gone ? revokeIssuedBefore : undefined;
    if (until === undefined) continue;
    specs.push({
      [by]: uid,
      issuedBefore: until,
      expiresAt: timestamp(now + OUTLIVES_TOKENS * 1000),
      reason: `the ${by} ${name} ${gone ? 'was removed' : 'is no longer Revoked'}`,
    });
  }
  return specs;
}

type Options = WriteOptions & { readonly dataDir?: string };

/** The tombstones of this process's life: in force at once, and kept under the data directory where there is one. */
export class Graveyard {
  readonly #options: Options;
  #wills: readonly Will[];
  #work: Promise<void> = Promise.resolve();

  revocations: readonly TokenRevocation[] = [];
  /** Of what could not be kept: a restart would forget it. */
  problems: readonly ManifestProblem[] = [];

  private constructor(options: Options, wills: readonly Will[]) {
    this.#options = options;
    this.#wills = wills;
  }

  /** @throws StandaloneError data_dir_unusable */
  static async open(options: Options): Promise<Graveyard> {
    return new Graveyard(options, options.dataDir === undefined ? [] : await readWills(options.dataDir));
  }

  /** Revokes in the place of what was there before, in this process or the last one, and is not in `after`. */
  bury(after: RevokingObjects): void {
    const before = this.#wills;
    const wills = willsOf(after);
    this.#wills = wills;
    const objects = tombstones(before, after, this.#options.clock.now()).map((spec) =>
      revocationObject(spec, this.#options),
    );
    this.revocations = [...this.revocations, ...objects];
    if (objects.length > 0 || JSON.stringify(wills) !== JSON.stringify(before))
      this.#work = this.#work.then(() => this.#keep(objects, wills));
  }

  /** Resolves when all are kept, or known not to be. */
  async written(): Promise<void> {
    await this.#work;
  }

  async #keep(objects: readonly TokenRevocation[], wills: readonly Will[]): Promise<void> {
    const { dataDir } = this.#options;
    if (dataDir === undefined) return;
    try {
      for (const object of objects) await saveRevocation(dataDir, object);
      // Last: whatever is not kept until then is found out again at the next start.
      await saveWills(dataDir, wills);
    } catch (error) {
      if (!(error instanceof StandaloneError)) throw error;
      this.problems = [...this.problems, { file: dataDir, path: '', code: 'unwritable', message: error.message }];
    }
  }
}
