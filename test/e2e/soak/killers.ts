/** What kills tokens, over time. */
import type { Impairments } from './impairments.ts';
import { deadBy, type Vanished } from './vanished.ts';

/** Milliseconds that an undone revocation stays in force in a cluster. */
export const GRACE = 30_000;
/** Milliseconds that its end may be late on a busy machine: it ends by a timer, and then as any change does. */
const LATE = 5_000;

export type Target = 'token' | 'derivedFrom' | 'grant' | 'policy';

export interface Killer {
  readonly by: Target;
  readonly value: string;
  /** null: of any tenant. */
  readonly tenant: string | null;
  /** NumericDate seconds; null: all. */
  readonly issuedBefore: number | null;
  readonly why: string;
  /** When the write began, and when it was answered: Infinity while it is not. */
  readonly from: number;
  answered: number;
  /** When a person began to take it back, and when that was answered. */
  undoFrom: number;
  undone: number;
  /** It is what a policy says of itself, and goes with it. */
  readonly isPolicys: boolean;
  /** It is gone, without having been taken back, and nothing held it until a leader had seen to it. */
  vanished?: Vanished;
  /** It is one only if a replica was kept from seeing something in this time, which then believes what was before. */
  onlyIf?: { readonly from: number; readonly to: number };
}

export interface TokenFacts {
  readonly jti: string;
  readonly gid: string;
  readonly pol: string;
  readonly tenant: string;
  /** NumericDate seconds. */
  readonly iat: number;
  /** Of its signature, and of that of every token it was made from. */
  readonly digests: readonly string[];
}

export class Killers {
  readonly #byValue = new Map<string, Killer[]>();

  add(
    target: Pick<Killer, 'by' | 'value' | 'tenant' | 'issuedBefore' | 'why'>,
    now: number,
    isPolicys = false,
  ): Killer {
    const never = Number.POSITIVE_INFINITY;
    const killer: Killer = { ...target, isPolicys, from: now, answered: never, undoFrom: never, undone: never };
    const key = `${killer.by} ${killer.value}`;
    this.#byValue.set(key, [...(this.#byValue.get(key) ?? []), killer]);
    return killer;
  }

  /** It never was. */
  remove(killer: Killer): void {
    const key = `${killer.by} ${killer.value}`;
    this.#byValue.set(
      key,
      (this.#byValue.get(key) ?? []).filter((one) => one !== killer),
    );
  }

  by(target: Target, value: string): readonly Killer[] {
    return this.#byValue.get(`${target} ${value}`) ?? [];
  }

  /** All that may ever have killed the token. */
  of({ jti, gid, pol, tenant, iat, digests }: TokenFacts): readonly Killer[] {
    const keys = [`token ${jti}`, `grant ${gid}`, `policy ${pol}`, ...digests.map((one) => `derivedFrom ${one}`)];
    return keys
      .flatMap((key) => this.#byValue.get(key) ?? [])
      .filter((one) => (one.tenant === null || one.tenant === tenant) && iat <= (one.issuedBefore ?? iat));
  }
}

/**
 * What a replica may say of a token in the answer to a question that was asked and answered at these times.
 *
 * @returns `either` while a write is on its way, or where nobody can be sure
 */
export function fate(
  killers: readonly Killer[],
  replica: number,
  asked: number,
  answered: number,
  impairments: Impairments,
): 'alive' | 'dead' | 'either' {
  let mayBeDead = false;
  for (const one of killers) {
    if (one.onlyIf) {
      mayBeDead ||= impairments.any(one.onlyIf.from, one.onlyIf.to);
      continue;
    }
    const isIn = one.undoFrom > answered && one.answered < asked;
    if (isIn && deadFrom(one, replica, asked, impairments) < asked) return 'dead';
    if (one.from <= answered && asked <= gone(one, impairments)) mayBeDead = true;
  }
  return mayBeDead ? 'either' : 'alive';
}

function deadFrom({ answered, vanished }: Killer, replica: number, asked: number, impairments: Impairments): number {
  return vanished
    ? deadBy(vanished, answered, { replica, asked }, impairments)
    : impairments.settledBy(replica, answered);
}

/** Until when it may kill. What went while a replica could not see it go, the leader may keep. */
function gone({ undoFrom, undone }: Killer, impairments: Impairments): number {
  const by = undone + GRACE + LATE;
  return impairments.any(undoFrom, by) ? Number.POSITIVE_INFINITY : by;
}
