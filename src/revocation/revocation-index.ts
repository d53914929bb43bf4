import { feedOf } from './feed.ts';
import {
  REVOCATION_ORDER,
  type RevocationEntry,
  type RevocationFeed,
  type RevocationHit,
  type RevocationTarget,
  type TokenFacts,
} from './types.ts';

/** null is later than any time: no limit. */
function atLeast(a: number | null, b: number | null): boolean {
  return a === null || (b !== null && a >= b);
}

/** Whether `a` kills all that `b` kills, for as long. Both are of one target, value and tenant. */
function covers(a: RevocationEntry, b: RevocationEntry): boolean {
  return atLeast(a.issuedBefore, b.issuedBefore) && atLeast(a.expiresAt, b.expiresAt);
}

/** The entries of one value, by tenant; those that another covers left out. */
type ByTenant = Map<string | null, RevocationEntry[]>;

function insert(byTenant: ByTenant, entry: RevocationEntry): void {
  const peers = byTenant.get(entry.tenant) ?? [];
  if (peers.some((p) => covers(p, entry))) return;
  byTenant.set(entry.tenant, [...peers.filter((p) => !covers(entry, p)), entry]);
}

/**
 * Which tokens are dead. Immutable: made anew whenever an object changes. Several entries for one token combine by the
 * most restrictive: any that holds kills.
 */
export class RevocationIndex {
  readonly #byTarget: ReadonlyMap<RevocationTarget, ReadonlyMap<string, ByTenant>>;
  readonly #entries: readonly RevocationEntry[];
  #feed: { feed: RevocationFeed; from: number; until: number } | undefined;

  private constructor(
    entries: readonly RevocationEntry[],
    byTarget: ReadonlyMap<RevocationTarget, ReadonlyMap<string, ByTenant>>,
  ) {
    this.#entries = entries;
    this.#byTarget = byTarget;
  }

  static from(entries: Iterable<RevocationEntry>): RevocationIndex {
    const byTarget = new Map(REVOCATION_ORDER.map((by) => [by, new Map<string, ByTenant>()]));
    const all = [...entries];
    for (const entry of all) {
      const byValue = byTarget.get(entry.by)!;
      let byTenant = byValue.get(entry.value);
      if (!byTenant) {
        byTenant = new Map();
        byValue.set(entry.value, byTenant);
      }
      insert(byTenant, entry);
    }
    return new RevocationIndex(all, byTarget);
  }

  /** How many targets and values are named, expired ones included. */
  get size(): number {
    let size = 0;
    for (const byValue of this.#byTarget.values()) size += byValue.size;
    return size;
  }

  /** Every entry as it was given, also those that are expired or that another covers. */
  entries(): readonly RevocationEntry[] {
    return this.#entries;
  }

  /**
   * Whether a token is dead.
   *
   * @param now NumericDate seconds
   * @returns the first entry that kills it: by token, derivation, grant, agent, policy
   */
  check(facts: TokenFacts, now: number): RevocationHit | undefined {
    return (
      this.#find('token', facts.jti, facts, now) ??
      this.#findDerived(facts, now) ??
      this.#find('grant', facts.gid, facts, now) ??
      (facts.agt === null ? undefined : this.#find('agent', facts.agt, facts, now)) ??
      this.#find('policy', facts.pol, facts, now)
    );
  }

  /**
   * Whether all that an entry kills dies by another one, for as long, or until a time after which none of it is left.
   *
   * @param lastsUntil NumericDate seconds
   */
  covers(entry: RevocationEntry, lastsUntil: number): boolean {
    const byTenant = this.#byTarget.get(entry.by)!.get(entry.value);
    if (!byTenant) return false;
    const covering = (e: RevocationEntry) =>
      atLeast(e.issuedBefore, entry.issuedBefore) &&
      (atLeast(e.expiresAt, entry.expiresAt) || atLeast(e.expiresAt, lastsUntil));
    const any = byTenant.get(null)?.some(covering) ?? false;
    return any || (entry.tenant !== null && (byTenant.get(entry.tenant)?.some(covering) ?? false));
  }

  /**
   * The live entries, sorted, for verifiers that check offline.
   *
   * @param now NumericDate seconds
   */
  feed(now: number): RevocationFeed {
    // The content changes only when an entry expires: verifiers that poll cost nothing.
    if (!this.#feed || now < this.#feed.from || now > this.#feed.until) {
      const live = [...this.#effective()].filter((e) => e.expiresAt === null || now <= e.expiresAt);
      const until = live.reduce((least, e) => Math.min(least, e.expiresAt ?? least), Number.POSITIVE_INFINITY);
      this.#feed = { feed: feedOf(live), from: now, until };
    }
    return this.#feed.feed;
  }

  #find(by: RevocationTarget, value: string, facts: TokenFacts, now: number): RevocationHit | undefined {
    const byTenant = this.#byTarget.get(by)!.get(value);
    if (!byTenant) return undefined;
    const kills = (e: RevocationEntry) =>
      (e.expiresAt === null || now <= e.expiresAt) && (e.issuedBefore === null || facts.iat <= e.issuedBefore);
    return byTenant.get(null)?.find(kills) ?? byTenant.get(facts.tenant)?.find(kills);
  }

  #findDerived(facts: TokenFacts, now: number): RevocationHit | undefined {
    if (this.#byTarget.get('derivedFrom')!.size === 0) return undefined;
    for (const digest of facts.derivedFrom()) {
      const hit = this.#find('derivedFrom', digest, facts, now);
      if (hit) return hit;
    }
    return undefined;
  }

  /** Expired ones included; what another covers is left out. */
  *#effective(): Iterable<RevocationEntry> {
    for (const byValue of this.#byTarget.values()) {
      for (const byTenant of byValue.values()) {
        for (const entries of byTenant.values()) yield* entries;
      }
    }
  }
}
