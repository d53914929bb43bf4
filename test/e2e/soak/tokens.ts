/** The tokens that were given, and what is known of them. */
import { attenuateMacaroon, describeMacaroon } from '../../../src/macaroon/index.ts';
import type { TokenFacts } from './killers.ts';
import type { Chance } from './random.ts';

export interface Remembered {
  readonly token: string;
  readonly facts: TokenFacts;
  readonly kid: string;
  /** NumericDate seconds. */
  readonly expiresAt: number;
  /** Whose it is: the name of its slot. */
  readonly slot: string;
  readonly mintedAt: number;
  readonly mintedBy: number;
}

const MOST = 400;
const APPENDED = 0.15;

export class Tokens {
  readonly #all: Remembered[] = [];
  readonly #chance: Chance;
  /** uid of a policy → the grants that it gave. */
  readonly #grants = new Map<string, Set<string>>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  get all(): readonly Remembered[] {
    return this.#all;
  }

  /** @returns undefined where it is no macaroon of ours */
  remember(token: string, slot: string, mintedAt: number, mintedBy: number): Remembered | undefined {
    const { identifier, expiresAt, derivedFrom } = describeMacaroon(token);
    if (!identifier || expiresAt === undefined) return undefined;
    const { jti, gid, pol, ten: tenant, iat, kid } = identifier;
    const facts = { jti, gid, pol, tenant, iat, digests: [derivedFrom] };
    const one = { token, facts, kid, expiresAt, slot, mintedAt, mintedBy };
    this.#grants.set(pol, (this.#grants.get(pol) ?? new Set()).add(gid));
    this.#keep(one);
    if (this.#chance.is(APPENDED)) this.#keep(this.#appended(one));
    return one;
  }

  one(): Remembered | undefined {
    return this.#chance.of(this.#all);
  }

  grantsOf(pol: string): Iterable<string> {
    return this.#grants.get(pol) ?? [];
  }

  /** What a holder makes of it: dies with it. */
  #appended(parent: Remembered): Remembered {
    const token = attenuateMacaroon(parent.token, ['note = passed on']);
    const digests = [...parent.facts.digests, describeMacaroon(token).derivedFrom];
    return { ...parent, token, facts: { ...parent.facts, digests } };
  }

  #keep(one: Remembered): void {
    if (this.#all.length < MOST) this.#all.push(one);
    else this.#all[this.#chance.below(MOST)] = one;
  }
}
