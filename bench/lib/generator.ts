/** The orchestrator's handle on the load generator's process. */
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadReport } from './load.ts';
import { spawnNode } from './pin.ts';

export interface Generator {
  /** Runs one order to its end. @throws Error if the generator dies */
  load(order: LoadOrder): Promise<LoadReport>;
  stop(): void;
}

/** Starts the load generator on a core, if there is one to choose. */
export function startGenerator(core: number | undefined): Generator {
  const program = fileURLToPath(new URL('load.ts', import.meta.url));
  const child = spawnNode(core, [program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  return {
    load(order) {
      const { promise, resolve, reject } = Promise.withResolvers<LoadReport>();
      const died = () => reject(new Error('the load generator died'));
      child.once('exit', died);
      child.once('message', (report) => {
        child.off('exit', died);
        resolve(report as LoadReport);
      });
      child.send(order);
      return promise;
    },
    stop: () => child.disconnect(),
  };
}
