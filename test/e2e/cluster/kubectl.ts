/** Runs kubectl as a person would. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface KubectlOptions {
  /** Path of the kubeconfig to use instead of the administrator's. */
  kubeconfig?: string;
  /** Standard input, for `-f -`. */
  input?: string;
}

export interface KubectlResult {
  code: number;
  out: string;
  err: string;
}

/** kubectl failed; `message` holds what it said. */
export class KubectlError extends Error {
  readonly code: number;

  constructor(args: readonly string[], { code, err }: KubectlResult) {
    super(`kubectl ${args.join(' ')} ended with ${code}: ${err}`);
    this.code = code;
  }
}

/**
 * Runs kubectl to its end, whatever that is.
 *
 * @param home where it keeps its cache, so that it neither reads nor changes the caller's own
 */
export async function runKubectl(
  path: string,
  home: string,
  args: readonly string[],
  { kubeconfig, input = '' }: KubectlOptions & { kubeconfig: string },
): Promise<KubectlResult> {
  const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig };
  const child = spawn(path, args, { env, stdio: 'pipe' });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? -1));
    }),
  ]);
  return { code, out, err };
}
