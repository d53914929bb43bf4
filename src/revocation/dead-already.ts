/** A policy whose tokens would be dead the moment they were given: every exchange is refused, and what is said of it says so. */
import type { RevocationIndex } from './revocation-index.ts';
import type { RevocationEntry } from './types.ts';

/** Milliseconds until a look that nothing else asks for, at most. */
const LOOK_AGAIN = 60_000;

/** What is said of a policy. */
export interface Reported {
  readonly uid: string;
  readonly namespace?: string;
  readonly served: boolean;
  readonly phase: string;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

/**
 * Its report; where something revokes all that it would give now, one that is not Ready and says what.
 * @param now epoch milliseconds
 */
export function deadAlready<T extends Reported>(
  report: T,
  revocations: RevocationIndex,
  now: number,
): { readonly report: T; readonly againAfterMs?: number } {
  if (!report.served || report.phase !== 'Active') return { report };
  // What is minted in this second says so.
  const second = Math.floor(now / 1_000);
  const killer = revocations.of('policy', report.uid).find((entry) => isOf(entry, report) && second <= endOf(entry));
  if (!killer) return { report };
  const message = sentence(killer);
  const conditions = report.conditions.map((condition) =>
    condition.type === 'Ready'
      ? { type: condition.type, status: 'False' as const, reason: 'TokensRevoked', message }
      : condition,
  );
  const told = { report: { ...report, conditions } };
  const left = (endOf(killer) + 1) * 1_000 - now;
  return Number.isFinite(left) ? { ...told, againAfterMs: Math.min(LOOK_AGAIN, left) } : told;
}

/** NumericDate seconds: the last one in which what is minted dies by it. */
function endOf({ issuedBefore, expiresAt }: RevocationEntry): number {
  return Math.min(issuedBefore ?? Number.POSITIVE_INFINITY, expiresAt ?? Number.POSITIVE_INFINITY);
}

/** Those of its own namespace are about its own tenant; of a ClusterTrustPolicy they may be about one of several. */
function isOf({ tenant, source }: RevocationEntry, { namespace }: Reported): boolean {
  return tenant === null || (namespace !== undefined && source.startsWith(`TokenRevocation/${namespace}/`));
}

function sentence({ source, issuedBefore }: RevocationEntry): string {
  const until = issuedBefore === null ? '' : ` issued up to ${shown(issuedBefore)}`;
  const what = source.startsWith('TokenRevocation/') ? source : 'spec.revokeIssuedBefore';
  return `every exchange is refused, for ${what} kills every token of this policy${until}`;
}

function shown(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
