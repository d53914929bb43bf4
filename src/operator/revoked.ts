/** What is dead by the local copies, and what stays dead though its object went. */
import type { Clock, TimerHandle } from '../clock.ts';
import type { HowGone } from '../kube/index.ts';
import {
  type Claim,
  type Lingering,
  type Now,
  type RevocationIndex,
  RevocationLedger,
  type RevocationProblem,
  type Verdict,
} from '../revocation/index.ts';
import { RevocationClaims } from './claims.ts';
import type { Copies } from './copies.ts';

/** Milliseconds between two looks at what lingers. */
const LOOK_EVERY = 1_000;

export interface RevokedSettings {
  readonly clock: Clock;
  readonly copies: () => Copies;
  /** Something that lingered is dead no more. */
  readonly onLapse: () => void;
}

/** What became of what lingers is for others to find out, and to say here. */
export interface LingeringRevocations {
  lingering(): readonly Lingering[];
  /** What objects revoked once and, without an edit, no more; some of it lingers, the rest something else covers. */
  reverted(): readonly Lingering[];
  /** undefined: nobody knows yet. */
  verdictOn(one: Lingering): Verdict | undefined;
  judge(one: Lingering, verdict: Verdict): void;
}

const HOW = { told: 'deleted', missed: 'missed', restored: 'restored' } as const;

export class Revoked implements LingeringRevocations {
  readonly #settings: RevokedSettings;
  readonly #ledger = new RevocationLedger();
  readonly #claims = new RevocationClaims();
  readonly #gone = new Map<string, (typeof HOW)[HowGone]>();
  #problems: readonly RevocationProblem[] = [];
  #timer: TimerHandle | undefined;

  constructor(settings: RevokedSettings) {
    this.#settings = settings;
  }

  get index(): RevocationIndex {
    return this.#ledger.index;
  }

  /** What is wrong with TokenRevocations. */
  get problems(): readonly RevocationProblem[] {
    return this.#problems;
  }

  lingering(): readonly Lingering[] {
    return this.#ledger.lingering();
  }

  reverted(): readonly Lingering[] {
    return this.#ledger.reverted();
  }

  verdictOn(one: Lingering): Verdict | undefined {
    return this.#ledger.verdictOn(one);
  }

  judge(one: Lingering, verdict: Verdict): void {
    this.#ledger.judge(one, verdict);
  }

  /** Notes what `update` is to take for gone. */
  noteGone(gone: ReadonlyMap<string, HowGone>): void {
    for (const [uid, how] of gone) this.#gone.set(uid, HOW[how]);
  }

  /** Takes the copies as they are now. */
  update(tenantOf: (namespace: string | undefined) => string | null | undefined): void {
    const copies = this.#settings.copies();
    const claims: Claim[] = [];
    this.#claims.retain(copies.revocations.items());
    const problems: RevocationProblem[] = [];
    for (const held of copies.revocations.items().values()) {
      const { claim, problems: own } = this.#claims.of(held, tenantOf(held.object.metadata.namespace));
      if (claim) claims.push(claim);
      if (own.length > 0) problems.push(...own);
    }
    for (const policies of copies.policies.values())
      for (const held of policies.items().values()) if (held.claims.length > 0) claims.push(...held.claims);
    claims.push(...copies.agents.claims());
    this.#ledger.update(claims, { gone: this.#gone, generationOf: generations(copies) }, this.#now());
    this.#problems = problems;
    this.#gone.clear();
    this.#look();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#timer || this.#ledger.lingering().length === 0) return;
    this.#timer = this.#settings.clock.setTimer(() => {
      this.#timer = undefined;
      this.#settle();
      this.#look();
    }, LOOK_EVERY);
  }

  #settle(): void {
    const { clock, copies, onLapse } = this.#settings;
    const { revocations } = copies();
    // Whoever takes the kind away takes back no single revocation.
    if (revocations.status().reason === 'crd_not_installed')
      for (const one of this.lingering()) if (one.claim.kind === 'TokenRevocation') this.judge(one, 'keep');
    if (this.#ledger.settle(this.#now(), clock.monotonic() - revocations.ageMs())) onLapse();
  }

  #now(): Now {
    const { clock } = this.#settings;
    return { ms: clock.monotonic(), seconds: Math.floor(clock.now() / 1000) };
  }
}

/** Of each object by uid, looked up only if something went. */
function generations(copies: Copies): (uid: string) => number | undefined {
  let known: Map<string, number> | undefined;
  return (uid) => {
    if (!known) {
      known = new Map();
      for (const { uid, object } of copies.revocations.items().values())
        known.set(uid, object.metadata.generation ?? 0);
      for (const { uid, generation } of copies.agents.revoking()) known.set(uid, generation);
      for (const policies of copies.policies.values())
        for (const { uid, read } of policies.items().values()) known.set(uid, read.object.metadata.generation ?? 0);
    }
    return known.get(uid);
  };
}
