/** Taking a policy's file away, or writing another state into it, never revives what the policy had revoked. */
import type { ClusterTrustPolicy, TokenRevocation, TokenRevocationSpec, TrustPolicy } from '../api/v1alpha1/index.ts';
import type { PolicyObjects } from '../policy/types.ts';
import type { ManifestProblem } from './errors.ts';
import { OUTLIVES_TOKENS, revocationObject, saveRevocation, timestamp, type WriteOptions } from './revocations.ts';

type Policy = TrustPolicy | ClusterTrustPolicy;

/**
 * What must be revoked in the place of policies: of each that was Revoked and no longer is, or is gone though it had
 * `revokeIssuedBefore` or `deletionPolicy: Revoke`. Only what was issued until now: uids come from names here, so a
 * policy of that name may be made anew and its tokens live.
 * @param now Milliseconds since the epoch.
 */
export function tombstones(before: PolicyObjects, after: PolicyObjects, now: number): TokenRevocationSpec[] {
  const present = new Map(policiesOf(after).map((policy) => [policy.metadata.uid, policy]));
  const specs: TokenRevocationSpec[] = [];
  for (const { metadata, spec } of policiesOf(before)) {
    const still = present.get(metadata.uid);
    const wasRevoked = spec.state === 'Revoked' && still?.spec.state !== 'Revoked';
    const gone = still === undefined;
    const killsAll = wasRevoked || (gone && spec.deletionPolicy === 'Revoke');
    const until = killsAll ? timestamp(now) : gone ? spec.revokeIssuedBefore : undefined;
    if (until === undefined) continue;
    specs.push({
      policy: metadata.uid!,
      issuedBefore: until,
      expiresAt: timestamp(now + OUTLIVES_TOKENS * 1000),
      reason: `the policy ${metadata.name} ${gone ? 'was removed' : 'is no longer Revoked'}`,
    });
  }
  return specs;
}

function policiesOf({ trustPolicies, clusterTrustPolicies }: PolicyObjects): readonly Policy[] {
  return [...trustPolicies, ...clusterTrustPolicies];
}

/** The tombstones of this process's life: in force at once, and kept under the data directory where there is one. */
export class Graveyard {
  readonly #options: WriteOptions & { readonly dataDir?: string };
  #work: Promise<void> = Promise.resolve();

  revocations: readonly TokenRevocation[] = [];
  /** Of tombstones that could not be kept: a restart would forget them. */
  problems: readonly ManifestProblem[] = [];

  constructor(options: WriteOptions & { readonly dataDir?: string }) {
    this.#options = options;
  }

  /** Revokes in the place of what was in `before` and is not in `after`. */
  bury(before: PolicyObjects, after: PolicyObjects): void {
    const specs = tombstones(before, after, this.#options.clock.now());
    for (const spec of specs) {
      const object = revocationObject(spec, this.#options);
      this.revocations = [...this.revocations, object];
      this.#work = this.#work.then(() => this.#keep(object));
    }
  }

  /** Resolves when all are kept, or known not to be. */
  async written(): Promise<void> {
    await this.#work;
  }

  async #keep(object: TokenRevocation): Promise<void> {
    const { dataDir } = this.#options;
    if (dataDir === undefined) return;
    try {
      await saveRevocation(dataDir, object);
    } catch (error) {
      const { message } = error as Error;
      this.problems = [...this.problems, { file: dataDir, path: '', code: 'unwritable', message }];
    }
  }
}
