/**
 * Several processes and one API server on one line of simulated time. A process may be stopped (its timers and answers
 * wait, its monotonic clock goes on), its clocks run at their own rate and its wall clock jumps; requests are lost before
 * they arrive, arrive without an answer, or late.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../../../src/clock.ts';
import { LeaderElector } from '../../../src/kube/leader-election.ts';
import { apiFailure, type Call, MemoryClient, MemoryServer } from './memory-client.ts';
import { settle } from './settle.ts';

interface Entry {
  at: number;
  run: () => void;
  owner: Process | undefined;
}

export type Fate = { readonly kind: 'ok' | 'lost' | 'unanswered' | 'error'; readonly ms: number };

/** A partition of `n` requests. */
export const lost = (n: number): Fate[] => Array.from({ length: n }, () => ({ kind: 'lost' as const, ms: 0 }));

export class World {
  readonly server = new MemoryServer();
  readonly processes: Process[] = [];
  now = 0;
  #entries = new Set<Entry>();
  /** How often more than one process said that it leads. */
  violations: string[] = [];
  ledOnce = new Set<string>();

  schedule(owner: Process | undefined, afterMs: number, run: () => void): Entry {
    const entry = { at: this.now + Math.max(0, afterMs), run, owner };
    this.#entries.add(entry);
    return entry;
  }

  cancel(entry: Entry): void {
    this.#entries.delete(entry);
  }

  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    await settle(2);
    for (;;) {
      let due: Entry | undefined;
      let at = Number.POSITIVE_INFINITY;
      for (const entry of this.#entries) {
        const when = Math.max(entry.at, entry.owner?.stoppedUntil ?? 0);
        if (when <= end && when < at) [due, at] = [entry, when];
      }
      if (!due) break;
      this.#entries.delete(due);
      this.now = Math.max(this.now, at);
      this.#check();
      due.run();
      await settle(1);
      this.#check();
    }
    this.now = end;
    this.#check();
  }

  /** What a stopped process believes does not matter: it asks its clock again when it goes on. */
  #check(): void {
    const leading = this.processes.filter((each) => each.elector.isLeader()).map(({ name }) => name);
    for (const name of leading) this.ledOnce.add(name);
    if (leading.length > 1) this.violations.push(`${this.now}: ${leading.join(' and ')}`);
  }
}

export class Process implements Clock {
  readonly name: string;
  readonly world: World;
  readonly rate: number;
  readonly elector: LeaderElector;
  readonly terms: AbortSignal[] = [];
  readonly errors: unknown[] = [];
  stoppedUntil = 0;
  wallOffset = 0;
  /** Whether it may lead. */
  fit = true;
  /** What becomes of the next requests; none left: all is well, in 5 ms. */
  fates: Fate[] = [];

  constructor(world: World, name: string, rate = 1, lead: (term: AbortSignal) => Promise<void> | void = () => {}) {
    this.world = world;
    this.name = name;
    this.rate = rate;
    const client = new MemoryClient(world.server, {
      before: (call) => this.#before(call),
      after: () => this.#after(),
    });
    this.elector = new LeaderElector({
      client,
      clock: this,
      random: (n) => new Uint8Array(n).fill(name.charCodeAt(0)),
      namespace: 'ns',
      name: 'lease',
      identity: `${name}_uuid`,
      lead: (term) => {
        this.terms.push(term);
        return lead(term);
      },
      mayLead: () => this.fit,
      onError: (error) => this.errors.push(error),
    });
    world.processes.push(this);
  }

  now(): number {
    return 1_767_225_600_000 + this.monotonic() + this.wallOffset;
  }

  monotonic(): number {
    return this.world.now * this.rate;
  }

  setTimer(task: () => void, ms: number) {
    const entry = this.world.schedule(this, ms / this.rate, task);
    return { cancel: () => this.world.cancel(entry) };
  }

  stopFor(ms: number): void {
    this.stoppedUntil = Math.max(this.stoppedUntil, this.world.now + ms);
  }

  #fate: Fate = { kind: 'ok', ms: 5 };

  /** The way there; it goes on while the process is stopped. */
  async #before(_call: Call): Promise<void> {
    this.#fate = this.fates.shift() ?? { kind: 'ok', ms: 5 };
    const { kind, ms } = this.#fate;
    if (kind === 'lost') await new Promise<never>(() => {});
    await new Promise<void>((resolve) => this.world.schedule(undefined, ms / 2, resolve));
    if (kind === 'error') throw apiFailure(500, 'InternalError');
  }

  /** The way back: a stopped process reads its answer when it goes on. */
  async #after(): Promise<void> {
    const { kind, ms } = this.#fate;
    if (kind === 'unanswered') await new Promise<never>(() => {});
    await new Promise<void>((resolve) => this.world.schedule(this, ms / 2, resolve));
  }
}

type LeaseBody = { metadata: Record<string, unknown>; spec: Record<string, unknown> };
/** The Lease as it is stored. */
export const leaseOf = (world: World) => [...world.server.objects.values()][0] as unknown as LeaseBody;

/** The first leads, the second follows. */
export async function twoProcesses() {
  const world = new World();
  const [a, b] = [new Process(world, 'a'), new Process(world, 'b')];
  a.elector.start();
  await world.advance(100);
  b.elector.start();
  await world.advance(5_000);
  assert.equal(a.elector.isLeader(), true);
  assert.equal(b.elector.isLeader(), false);
  return { world, a, b };
}
