/** The floor: what Node's HTTP alone costs for bodies of the same sizes. */
import { fileURLToPath } from 'node:url';
import { startServer } from '../lib/server.ts';
import type { Target } from './target.ts';

/**
 * @param bodies - the requests of the target it stands beside
 * @param answerBytes - the size of that target's answers
 */
export async function startEcho(
  core: number | undefined,
  bodies: (count: number) => string[],
  answerBytes: number,
): Promise<Target> {
  const program = fileURLToPath(new URL('echo-server.ts', import.meta.url));
  const server = await startServer(core, [program, String(answerBytes)]);
  return {
    name: 'node:http echo',
    server,
    path: '/api/mint/exchange',
    contentType: 'application/json',
    slice: 80_000,
    bodies,
    check(answer) {
      if (Buffer.byteLength(answer) !== answerBytes) throw new Error('the echo has another size');
    },
  };
}
