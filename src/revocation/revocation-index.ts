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
export function covers(a: RevocationEntry, b: RevocationEntry): boolean {
  return atLeast(a.issuedBefore, b.issuedBefore) && atLeast(a.expiresAt, b.expiresAt);
}

/** The entries of each value, those left out that another one of the same tenant covers. Nearly always there is one. */
type ByValue = Map<string, RevocationEntry | readonly RevocationEntry[]>;

function insert(byValue: ByValue, entry: RevocationEntry): void {
  const known = byValue.get(entry.value);
  if (known === undefined) {
    byValue.set(entry.value, entry);
    return;
  }
  const peers = listOf(known);
  if (peers.some((p) => p.tenant === entry.tenant && covers(p, entry))) return;
  byValue.set(entry.value, [...peers.filter((p) => p.tenant !== entry.tenant || !covers(entry, p)), entry]);
}

function listOf(known: RevocationEntry | readonly RevocationEntry[] | undefined): readonly RevocationEntry[] {
  if (known === undefined) return NONE;
  return 'by' in known ? [known] : known;
}

const NONE: readonly RevocationEntry[] = [];
/** Values that may have come since an index was made whole. */
const MAX_SINCE = 256;

function emptyMaps(): Map<RevocationTarget, ByValue> {
  return new Map(REVOCATION_ORDER.map((by) => [by, new Map()]));
}

/**
 * Which tokens are dead. Immutable: made anew whenever an object changes. Several entries for one token combine by the
 * most restrictive: any that holds kills.
 */
export class RevocationIndex {
  readonly #byTarget: ReadonlyMap<RevocationTarget, ByValue>;
  /** What stands before it: of each value that came since, all there is. Few. */
  readonly #since: ReadonlyMap<RevocationTarget, ByValue>;
  readonly #entries: readonly RevocationEntry[];
  #feed: { feed: RevocationFeed; from: number; until: number } | undefined;

  private constructor(
    entries: readonly RevocationEntry[],
    byTarget: ReadonlyMap<RevocationTarget, ByValue>,
    since: ReadonlyMap<RevocationTarget, ByValue>,
  ) {
    this.#entries = entries;
    this.#byTarget = byTarget;
    this.#since = since;
  }

  static from(entries: Iterable<RevocationEntry>): RevocationIndex {
    const byTarget = emptyMaps();
    const all = [...entries];
    for (const entry of all) insert(byTarget.get(entry.by)!, entry);
    return new RevocationIndex(all, byTarget, emptyMaps());
  }

  /** This one and more entries: what `from` gives of all of them, at the cost of those that came of late. */
  with(more: readonly RevocationEntry[]): RevocationIndex {
    const all = [...this.#entries, ...more];
    let came = more.length;
    for (const byValue of this.#since.values()) came += byValue.size;
    if (came > MAX_SINCE) return RevocationIndex.from(all);
    const since = new Map([...this.#since].map(([by, byValue]): [RevocationTarget, ByValue] => [by, new Map(byValue)]));
    for (const entry of more) {
      const byValue = since.get(entry.by)!;
      const known = this.#known(entry.by, entry.value);
      if (known !== undefined && !byValue.has(entry.value)) byValue.set(entry.value, known);
      insert(byValue, entry);
    }
    return new RevocationIndex(all, this.#byTarget, since);
  }

  /** How many targets and values are named, expired ones included. */
  get size(): number {
    let size = 0;
    for (const by of REVOCATION_ORDER) {
      size += this.#byTarget.get(by)!.size;
      for (const value of this.#since.get(by)!.keys()) if (!this.#byTarget.get(by)!.has(value)) size += 1;
    }
    return size;
  }

  /** Every entry as it was given, also those that are expired or that another covers. */
  entries(): readonly RevocationEntry[] {
    return this.#entries;
  }

  /** The entries that name a value, those left out that another one of the same tenant covers. */
  of(by: RevocationTarget, value: string): readonly RevocationEntry[] {
    return listOf(this.#known(by, value));
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
    return this.of(entry.by, entry.value).some(
      (e) =>
        (e.tenant === null || e.tenant === entry.tenant) &&
        atLeast(e.issuedBefore, entry.issuedBefore) &&
        (atLeast(e.expiresAt, entry.expiresAt) || atLeast(e.expiresAt, lastsUntil)),
    );
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

  #known(by: RevocationTarget, value: string): RevocationEntry | readonly RevocationEntry[] | undefined {
    return this.#since.get(by)!.get(value) ?? this.#byTarget.get(by)!.get(value);
  }

  #find(by: RevocationTarget, value: string, facts: TokenFacts, now: number): RevocationHit | undefined {
    const known = this.#known(by, value);
    if (known === undefined) return undefined;
    return listOf(known).find(
      (e) =>
        (e.tenant === null || e.tenant === facts.tenant) &&
        (e.expiresAt === null || now <= e.expiresAt) &&
        (e.issuedBefore === null || facts.iat <= e.issuedBefore),
    );
  }

  #findDerived(facts: TokenFacts, now: number): RevocationHit | undefined {
    if (this.#byTarget.get('derivedFrom')!.size + this.#since.get('derivedFrom')!.size === 0) return undefined;
    for (const digest of facts.derivedFrom()) {
      const hit = this.#find('derivedFrom', digest, facts, now);
      if (hit) return hit;
    }
    return undefined;
  }

  /** Expired ones included; what another covers is left out. */
  *#effective(): Iterable<RevocationEntry> {
    for (const by of REVOCATION_ORDER) {
      const since = this.#since.get(by)!;
      for (const [value, known] of this.#byTarget.get(by)!) if (!since.has(value)) yield* listOf(known);
      for (const known of since.values()) yield* listOf(known);
    }
  }
}
