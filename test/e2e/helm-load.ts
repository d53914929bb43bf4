/** Callers who exchange all the time, and remember whatever went wrong. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AGENTS, type HelmWorld, keptWay } from './helm-world.ts';

/** Milliseconds between two exchanges. */
const EVERY = 20;

export interface Load {
  readonly asked: number;
  /** The slowest answer, in milliseconds. */
  readonly slowest: number;
  readonly failures: readonly string[];
}

/**
 * An exchange every 20 ms, by turns on a connection of its own and on one that is kept.
 * @returns a function that ends it, once every answer is there
 */
export async function startLoad(w: HelmWorld): Promise<() => Promise<Load>> {
  const proofs = await Promise.all(AGENTS.map((name) => w.proof(name)));
  const agents = proofs.map(() => keptWay());
  const failures: string[] = [];
  const answers: Promise<void>[] = [];
  let slowest = 0;
  let isOver = false;
  const ask = async (n: number) => {
    const agent = n % 2 === 0 ? agents[(n / 2) % agents.length] : undefined;
    const began = performance.now();
    const failed = await w
      .post(
        '/api/mint/exchange',
        { credentials: proofs[n % proofs.length]!, resource: 'api' },
        { ...(agent && { agent }) },
      )
      .then(
        ({ status, body }) => (status === 200 ? undefined : `${status} ${JSON.stringify(body)}`),
        (error: Error) => `${agent ? 'kept' : 'new'} connection: ${error.message}`,
      );
    slowest = Math.max(slowest, performance.now() - began);
    if (failed) failures.push(`${new Date().toISOString()} ${failed}`);
  };
  const asking = (async () => {
    const began = performance.now();
    for (let n = 0; !isOver; n += 1) {
      answers.push(ask(n));
      await sleep(Math.max(0, began + (n + 1) * EVERY - performance.now()));
    }
  })();
  return async () => {
    isOver = true;
    await asking;
    await Promise.all(answers);
    for (const agent of agents) agent.destroy();
    return { asked: answers.length, slowest, failures };
  };
}
