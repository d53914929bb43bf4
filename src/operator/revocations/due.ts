/** What the leader has to write or to delete, by the local copies. */
import { type Clock, epochSeconds } from '../../clock.ts';
import {
  type Claim,
  covers,
  endOf,
  fromTokenRevocation,
  LATEST,
  parseTimestamp,
  type RevocationEntry,
} from '../../revocation/index.ts';
import type { Copies } from '../copies.ts';
import { FINALIZER } from '../deletion/finalizer.ts';
import { text } from '../errors.ts';
import type { HeldRevocation } from '../held.ts';
import { claimsOf } from '../registrations/held.ts';
import { isTombstone, OUTLIVES_TOKENS } from '../tombstones.ts';

const MAX_TOMBSTONES = 8;

/**
 * Policies and registrations that revoke, and of which nothing would tell if they went while no operator runs.
 * @param own the operator's namespace
 * @param now NumericDate seconds
 */
export function withoutTombstone(copies: Copies, own: string, now: number): Claim[] {
  let kept: Map<string, Kept[]> | undefined;
  const due: Claim[] = [];
  function add(claims: readonly Claim[], revokedAt: number | undefined): void {
    for (const claim of claims) {
      if (!claim.standing || hasRunOut(claim.entry, revokedAt, now)) continue;
      kept ??= keptIn(copies, own);
      if (!kept.get(claim.uid)?.some((one) => doesFor(one, claim.entry))) due.push(claim);
    }
  }
  for (const policies of copies.policies.values()) {
    for (const { claims, status, read, finalizers } of policies.items().values()) {
      // Whoever takes our finalizer off does it before.
      if (read.object.metadata.deletionTimestamp !== undefined && finalizers.includes(FINALIZER)) continue;
      add(claims, parseTimestamp(text(status, 'revokedAt') ?? ''));
    }
  }
  for (const one of copies.agents.revoking()) {
    if (one.rare?.deletionTimestamp !== undefined && one.finalizers.includes(FINALIZER)) continue;
    add(claimsOf(one), one.rare?.revokedAt);
  }
  return due;
}

/** Whether no token is left that it could kill: of what it gave before it was revoked. */
function hasRunOut({ issuedBefore }: RevocationEntry, revokedAt: number | undefined, now: number): boolean {
  const last = issuedBefore ?? revokedAt;
  return last !== undefined && last + OUTLIVES_TOKENS < now;
}

interface Kept {
  readonly held: HeldRevocation;
  readonly entry: RevocationEntry;
  readonly isTombstone: boolean;
}

function keptIn(copies: Copies, own: string): Map<string, Kept[]> {
  const found = new Map<string, Kept[]>();
  for (const held of copies.revocations.items().values()) {
    const { object } = held;
    const { namespace, name } = object.metadata;
    if (
      namespace !== own ||
      (object.spec.policy ?? object.spec.agent) === undefined ||
      object.spec.tenant !== undefined
    )
      continue;
    const [entry] = fromTokenRevocation(object, null).entries;
    if (!entry) continue;
    const known = found.get(entry.value) ?? [];
    known.push({ held, entry, isTombstone: isTombstone(name) });
    found.set(entry.value, known);
  }
  return found;
}

/** What a person wrote does not: it may be taken back, and what is Revoked may not. */
function doesFor({ entry, isTombstone }: Kept, { issuedBefore }: RevocationEntry): boolean {
  return isTombstone && (entry.issuedBefore === null || (issuedBefore !== null && entry.issuedBefore >= issuedBefore));
}

/** @param now NumericDate seconds */
export function isOver({ object }: HeldRevocation, now: number): boolean {
  return (endOf(object) ?? now) < now;
}

/**
 * Tombstones that later ones of the same object cover, but for the last few: who raises `revokeIssuedBefore` every second
 * gets one each time, and no quota of his namespace counts them.
 */
export function superseded(copies: Copies, own: string): HeldRevocation[] {
  return [...keptIn(copies, own).values()].flatMap((all) => {
    const ours = all.filter((one) => one.isTombstone);
    if (ours.length <= MAX_TOMBSTONES) return [];
    const [last, ...others] = ours.toSorted((a, b) => latest(b.entry) - latest(a.entry));
    return others.slice(MAX_TOMBSTONES - 1).flatMap(({ held, entry }) => (covers(last!.entry, entry) ? [held] : []));
  });
}

function latest({ issuedBefore }: RevocationEntry): number {
  return issuedBefore ?? Number.MAX_SAFE_INTEGER;
}

/** @param now NumericDate seconds */
export function removable(copies: Copies, own: string, now: number): HeldRevocation[] {
  const over = [...copies.revocations.items().values()].filter((one) => isOver(one, now));
  return [...over, ...superseded(copies, own)];
}

/** What never ended kills also what is minted later; of a policy that is gone, or of one token, there is nothing later. */
export function lastingOf({ kind, entry }: Pick<Claim, 'kind' | 'entry'>, clock: Clock): RevocationEntry {
  const { by, issuedBefore, expiresAt } = entry;
  if (kind !== 'TokenRevocation' || expiresAt !== null || by === 'token' || by === 'derivedFrom') return entry;
  return issuedBefore === null || issuedBefore > epochSeconds(clock) ? { ...entry, expiresAt: LATEST } : entry;
}
