/** One process of the cluster: started, frozen, stopped and started again, always on the same ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds until a component that is not ready has failed: a shared machine can be slow. */
const READY_WITHIN = 120_000;
const POLL_MS = 50;
const PROBE_MS = 2_000;
/** An API server asked to stop keeps its watches for a minute. */
const STOP_WITHIN = 90_000;

export interface ComponentOptions {
  name: string;
  path: string;
  flags: string[];
  /** Where it says that it is ready; over https the certificate is not verified. */
  readyUrl: string;
  logFile: string;
  /** Told of every process that begins or ends. */
  onPid(pid: number, running: boolean): void;
}

export class Component {
  readonly name: string;
  /** The command line's arguments; a change holds from the next start. */
  readonly flags: string[];
  readonly #options: ComponentOptions;
  #child: ChildProcess | undefined;

  constructor(options: ComponentOptions) {
    this.name = options.name;
    this.flags = options.flags;
    this.#options = options;
  }

  /** The running process's id; undefined while it is stopped. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until it is ready; nothing happens if it runs. */
  async start(): Promise<void> {
    if (this.#child) return;
    const log = openSync(this.#options.logFile, 'a');
    // A process group of its own: Ctrl-C in a terminal must not stop etcd before the API server.
    const child = spawn(this.#options.path, this.flags, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#child = child;
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
      this.#child = undefined;
    });
    const { pid } = child;
    if (pid !== undefined) this.#options.onPid(pid, true);
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
      if (pid !== undefined) this.#options.onPid(pid, false);
    });
    // Whoever forgets to stop a cluster is not kept alive by it.
    child.unref();
    try {
      await until(READY_WITHIN, async () => {
        if (failure) throw failure;
        if (this.#child !== child) throw new Error('it ended');
        return probe(this.#options.readyUrl);
      });
    } catch (error) {
      await this.stop();
      throw new Error(`${this.name} did not start: ${(error as Error).message}\n${this.log(20)}`);
    }
  }

  /**
   * Ends it and waits until it has ended. Nothing happens if it is stopped.
   *
   * @param signal SIGKILL is a crash; after SIGTERM an API server keeps open watches for a minute
   */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill(signal);
    // A frozen process takes no SIGTERM.
    child.kill('SIGCONT');
    try {
      await until(STOP_WITHIN, async () => child.exitCode !== null || child.signalCode !== null);
    } catch {
      child.kill('SIGKILL');
      await until(STOP_WITHIN, async () => child.exitCode !== null || child.signalCode !== null);
    }
    if (this.#child === child) this.#child = undefined;
  }

  async restart(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  /** SIGSTOP freezes it with its connections open, SIGCONT lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'): void {
    if (!this.#child) throw new Error(`${this.name} is not running`);
    this.#child.kill(signal);
  }

  /** Waits until it says that it is ready, say after SIGCONT. */
  async ready(): Promise<void> {
    await until(READY_WITHIN, () => probe(this.#options.readyUrl));
  }

  /** The last lines it wrote. */
  log(lines = 100): string {
    return readFileSync(this.#options.logFile, 'utf8')
      .split('\n')
      .slice(-lines - 1)
      .join('\n');
  }
}

/**
 * Asks until the answer is yes; the first question is asked at once.
 *
 * @param withinMs milliseconds after which it throws
 */
export async function until(withinMs: number, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs / 1000} s`);
    await sleep(POLL_MS);
  }
}

function probe(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { timeout: PROBE_MS, agent: false, rejectUnauthorized: false } as const;
    const asked = (url.startsWith('https:') ? requestTls : request)(url, options, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(false));
    asked.once('close', () => resolve(false));
    asked.end();
  });
}
