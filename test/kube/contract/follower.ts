import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type Change, createReflector, type Reflector, type ReflectorOptions } from '../../../src/kube/index.ts';
import type { World } from './world.ts';

export interface Thing {
  readonly uid: string;
  readonly size: number;
  readonly metadata: object;
}

/** A reflector together with what its changes add up to, which must always be what it says. */
export class Follower {
  readonly reflector: Reflector<Thing>;
  readonly batches: Change<Thing>[][] = [];
  readonly logged: string[] = [];
  readonly #replayed = new Map<string, Thing>();
  syncs = 0;

  constructor(world: World, options: Partial<ReflectorOptions<Thing>> = {}) {
    const { onChange } = options;
    this.reflector = createReflector<Thing>({
      client: world.client,
      type: world.type,
      namespace: world.namespace,
      clock: world.clock,
      timings: world.timings,
      random: (n) => randomBytes(n),
      project: ({ metadata, spec }) => ({ uid: metadata.uid, size: (spec as { size: number }).size, metadata }),
      log: (level, message, fields) => void this.logged.push(`${level} ${message} ${JSON.stringify(fields)}`),
      ...options,
      onSynced: () => {
        this.syncs += 1;
      },
      onChange: (changes) => {
        this.#replay(changes);
        onChange?.(changes);
      },
    });
  }

  /** `{name: size}`. */
  get sizes(): Record<string, number> {
    const names = [...this.reflector.items()].map(([key, { size }]) => [key.split('/').at(-1)!, size] as const);
    return Object.fromEntries(names.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  has(expected: Record<string, number>): boolean {
    return JSON.stringify(this.sizes) === JSON.stringify(expected);
  }

  /** What it gave away, added up, is what it has. */
  check(): void {
    assert.deepEqual(new Map([...this.#replayed].sort()), new Map([...this.reflector.items()].sort()));
  }

  #replay(changes: readonly Change<Thing>[]): void {
    assert.ok(changes.length > 0, 'no empty batch');
    this.batches.push([...changes]);
    for (const change of changes) {
      const held = this.#replayed.get(change.key);
      if (change.type === 'added') assert.equal(held, undefined, `${change.key} was added twice`);
      else assert.equal(held, change.old, `${change.key}: the old one is the one that was given`);
      if (change.type === 'modified') assert.equal(change.old.uid, change.new.uid);
      if (change.type === 'deleted') this.#replayed.delete(change.key);
      else this.#replayed.set(change.key, change.new);
    }
  }
}
