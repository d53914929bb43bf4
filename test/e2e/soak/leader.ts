/** Which replica leads, as each says in its log. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Replica, Stage } from './soak-types.ts';

export class Leaders {
  readonly #stage: Stage;
  readonly #read: number[];
  readonly #leads: boolean[];

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#read = stage.replicas.map(() => 0);
    this.#leads = stage.replicas.map(() => false);
  }

  /** The one that says so; undefined between two. */
  current(): Replica | undefined {
    const { replicas } = this.#stage;
    for (const { index, operator } of replicas) this.#follow(index, new URL(operator.url).port);
    return replicas.find(({ index }) => this.#leads[index]);
  }

  /** What a replica that was killed said holds no more. */
  killed(index: number): void {
    this.current();
    this.#leads[index] = false;
  }

  #follow(index: number, port: string): void {
    const file = openSync(join(this.#stage.cluster.dir, `operator-${port}.log`), 'r');
    try {
      const buffer = Buffer.alloc(1 << 20);
      for (;;) {
        const count = readSync(file, buffer, 0, buffer.length, this.#read[index] ?? 0);
        if (count === 0) break;
        const end = buffer.lastIndexOf(10, count - 1) + 1;
        if (end === 0) break;
        this.#read[index] = (this.#read[index] ?? 0) + end;
        for (const [, word] of buffer.toString('utf8', 0, end).matchAll(/ info (leads|follows)(?= )/g))
          this.#leads[index] = word === 'leads';
      }
    } finally {
      closeSync(file);
    }
  }
}
