/** What is dead as objects come and go: what an object killed stays dead until its going is understood. */
import { covers, RevocationIndex } from './revocation-index.ts';
import type { RevocationEntry } from './types.ts';

/** What one object kills. Of one object there may be several; the same one as long as the object is the same. */
export interface Claim {
  readonly entry: RevocationEntry;
  readonly kind: string;
  readonly uid: string;
  readonly namespace?: string;
  readonly name: string;
  readonly generation: number;
  /** NumericDate seconds of `metadata.creationTimestamp`. */
  readonly created?: number;
  /** Whether it is in force while its object is there; else only once that is gone. */
  readonly standing: boolean;
  /** A person wrote it for itself, and may take it back for itself. */
  readonly byPerson?: true;
}

/**
 * Why what was claimed is claimed no more. The object is gone: `deleted`, which was seen, `missed`, which nobody saw, or
 * `restored`, so that it never was. It is there: `edited`; `reverted`, which no edit did; `moved` to another tenant.
 */
export type Going = 'deleted' | 'missed' | 'restored' | 'edited' | 'reverted' | 'moved';

/** What is claimed by nobody any more, and in force all the same. */
export interface Lingering {
  readonly claim: Claim;
  readonly how: Going;
  /** Milliseconds, monotonic: when that was seen. */
  readonly since: number;
  /** The same as NumericDate seconds. */
  readonly at: number;
}

/** `undo`: a person took it back. `keep`: nobody meant to. */
export type Verdict = 'undo' | 'keep';

export interface Now {
  /** Milliseconds, monotonic. */
  readonly ms: number;
  /** NumericDate seconds. */
  readonly seconds: number;
}

/** How the objects are now. */
export interface Objects {
  /** Of what is gone since the last time, by uid. */
  readonly gone: ReadonlyMap<string, 'deleted' | 'missed' | 'restored'>;
  /** `metadata.generation`; undefined: there is no object of this uid. */
  readonly generationOf: (uid: string) => number | undefined;
}

/** Milliseconds that what was taken back stays in force: somebody may be about to keep it. */
export const GRACE = 30_000;
/** Milliseconds for a TokenRevocation whose deletion this replica did not see, and another one may have. */
export const GRACE_UNSEEN = 300_000;
/** Seconds: the longest life of a token, and an hour for clocks. What lasts so long covers all tokens there are. */
const LIFE = 25 * 3_600;
/** Seconds after which no token is left that something without an end could kill. */
const OVER = 26 * 3_600;

const MAX_REVERTED = 1_000;

const TOKEN_REVOCATION = 'TokenRevocation';

/**
 * Nothing that was in force leaves it but by its end, by a claim that covers it and stays, or by the verdict that it was taken back
 * and the grace after it, at the end of which the view must be fresh.
 */
export class RevocationLedger {
  #claims = new Set<Claim>();
  #standing = RevocationIndex.from([]);
  #index = this.#standing;
  #reverted: readonly Lingering[] = [];
  readonly #lingering = new Map<Lingering, Verdict | undefined>();

  /** What is in force. */
  get index(): RevocationIndex {
    return this.#index;
  }

  lingering(): readonly Lingering[] {
    return [...this.#lingering.keys()];
  }

  /** What objects revoked once and, without an edit, no more: also where something else covers it. The last thousand. */
  reverted(): readonly Lingering[] {
    return this.#reverted;
  }

  /** undefined: not judged yet, or it lingers no more. */
  verdictOn(one: Lingering): Verdict | undefined {
    return this.#lingering.get(one);
  }

  /** What was taken back can still be found to be none of a person's doing; never the other way round. */
  judge(one: Lingering, verdict: Verdict): void {
    if (this.#lingering.has(one) && this.#lingering.get(one) !== 'keep') this.#lingering.set(one, verdict);
  }

  /** Takes what is claimed now, all of it. */
  update(claims: readonly Claim[], objects: Objects, now: Now): void {
    const come = claims.filter((claim) => !this.#claims.has(claim));
    const left: Claim[] = [];
    if (this.#claims.size + come.length > claims.length) {
      const next = new Set(claims);
      for (const claim of this.#claims) if (!next.has(claim)) left.push(claim);
      this.#claims = next;
      this.#standing = RevocationIndex.from(standing(claims));
    } else if (come.length > 0) {
      // Nothing went: most changes are one more.
      for (const claim of come) this.#claims.add(claim);
      this.#standing = this.#standing.with([...standing(come)]);
    }
    const again = Map.groupBy(left.length === 0 ? [] : come, ({ uid }) => uid);
    for (const claim of left) {
      const how = again.get(claim.uid)?.some((one) => saysAgain(one, claim)) ? undefined : howGone(claim, objects);
      if (!how) continue;
      const one = { claim, how, since: now.ms, at: now.seconds };
      this.#lingering.set(one, verdictOf(claim, how));
      if (how === 'reverted') this.#reverted = [...this.#reverted, one].slice(-MAX_REVERTED);
    }
    if (this.#lingering.size > 0) {
      const staying = RevocationIndex.from(standing(claims.filter(({ byPerson }) => !byPerson)));
      this.#drop((one) => isOver(one, now) || this.#isCovered(one, staying));
    }
    this.#reindex();
  }

  /**
   * Lets go of what is over, or was taken back long enough ago.
   *
   * @param knownUntil milliseconds, monotonic: all that happened until then is claimed
   * @returns whether something was let go
   */
  settle(now: Now, knownUntil: number): boolean {
    const before = this.#lingering.size;
    this.#drop((one, verdict) => isOver(one, now) || knownUntil >= lapseOf(one, verdict));
    if (this.#lingering.size === before) return false;
    this.#reindex();
    return true;
  }

  /** Who wrote anew what nobody saw go means the same by it; else what one person may take back does not do for another. */
  #isCovered({ claim, at, how }: Lingering, staying: RevocationIndex): boolean {
    const isAnew = claim.kind === TOKEN_REVOCATION && how !== 'deleted';
    return (isAnew ? this.#standing : staying).covers(claim.entry, at + LIFE);
  }

  #drop(isDone: (one: Lingering, verdict: Verdict | undefined) => boolean): void {
    for (const [one, verdict] of this.#lingering) if (isDone(one, verdict)) this.#lingering.delete(one);
  }

  #reindex(): void {
    const { size } = this.#lingering;
    this.#index =
      size === 0
        ? this.#standing
        : RevocationIndex.from([...this.#standing.entries(), ...this.lingering().map(({ claim }) => claim.entry)]);
  }
}

function* standing(claims: readonly Claim[]): Iterable<RevocationEntry> {
  for (const claim of claims) if (claim.standing) yield claim.entry;
}

/** Whether an object, as it is now, claims at least what it claimed. */
function saysAgain(now: Claim, before: Claim): boolean {
  if (!now.standing && before.standing) return false;
  const [a, b] = [now.entry, before.entry];
  return a.by === b.by && a.value === b.value && a.tenant === b.tenant && covers(a, b);
}

/** undefined: it went without having been in force, or to be. */
function howGone({ kind, uid, generation, standing }: Claim, { gone, generationOf }: Objects): Going | undefined {
  const there = generationOf(uid);
  if (there === undefined) return gone.get(uid) ?? 'missed';
  if (!standing) return undefined;
  if (kind === TOKEN_REVOCATION) return 'moved';
  return there > generation ? 'edited' : 'reverted';
}

/** undefined: to be found out. */
function verdictOf({ kind }: Claim, how: Going): Verdict | undefined {
  if (how === 'edited') return 'undo';
  return how === 'deleted' && kind === TOKEN_REVOCATION ? undefined : 'keep';
}

function isOver({ claim, at }: Lingering, { seconds }: Now): boolean {
  return seconds > (claim.entry.expiresAt ?? at + OVER);
}

function lapseOf({ claim, how, since }: Lingering, verdict: Verdict | undefined): number {
  if (verdict === 'undo') return since + GRACE;
  return how === 'missed' && claim.kind === TOKEN_REVOCATION ? since + GRACE_UNSEEN : Number.POSITIVE_INFINITY;
}
