/** One Pod on a node, from when it is bound to when it is gone. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerOptions, type Running, startContainer } from './container.ts';
import { optionsOf } from './container-options.ts';
import { NotCreated } from './environment.ts';
import type { Node } from './kubelet.ts';
import { exitCodeOf, type Live, live, statusOf } from './pod-status.ts';
import { notPlayed, type Pod } from './pod-types.ts';
import { probe } from './probes.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { PodVolumes } from './volumes.ts';

/** Milliseconds: between tries to make what cannot be made yet, between looks at volumes. */
const [RETRY, REFRESH] = [500, 1_000];
/** Milliseconds until a container that ended starts again: doubled each time. A real kubelet waits from 10 s to 5 min. */
const [BACK_OFF, LONGEST] = [500, 10_000];
const GRACE_SECONDS = 30;

export class PodLife {
  pod: Pod;
  readonly #node: Node;
  readonly #dir: string;
  readonly #init: Live[];
  readonly #main: Live[];
  readonly #volumes: PodVolumes;
  readonly #running = new Map<string, Running>();
  readonly #ending = new AbortController();
  readonly #over = new AbortController();
  readonly #conditions = new Map<string, { status: string; at: string }>();
  readonly #startTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  #sandbox: Sandbox | undefined;
  #address: string | undefined;
  #refusal: string | undefined;
  #starts = 0;
  #told = '';
  #telling: Promise<void> = Promise.resolve();
  readonly #done: Promise<void>;

  constructor(node: Node, pod: Pod) {
    this.#node = node;
    this.pod = pod;
    this.#dir = join(node.dir, 'pods', pod.metadata.uid);
    this.#init = (pod.spec.initContainers ?? []).map(live);
    this.#main = pod.spec.containers.map(live);
    const { namespace = '', name } = pod.metadata;
    this.#volumes = new PodVolumes(join(this.#dir, 'volumes'), node.dataOf(namespace), (audience, seconds) =>
      node.tokenOf(
        namespace,
        pod.spec.serviceAccountName ?? 'default',
        { name, uid: pod.metadata.uid },
        audience,
        seconds,
      ),
    );
    this.#done = this.#live().catch((error) => console.error(`      ${namespace}/${name}:`, error));
  }

  /** Told to end: each container is told so, and killed when its time is up; then the Pod goes. */
  async end(seconds = this.pod.spec.terminationGracePeriodSeconds ?? GRACE_SECONDS): Promise<void> {
    if (this.#ending.signal.aborted) return await this.#done;
    this.#ending.abort();
    for (const one of this.#running.values()) one.signal('SIGTERM');
    await Promise.race([this.#done, sleep(seconds * 1_000, undefined, { ref: false })]);
    for (const one of this.#running.values()) one.signal('SIGKILL');
    await this.#done;
  }

  async #live(): Promise<void> {
    const { signal } = this.#ending;
    try {
      const refused = notPlayed(this.pod);
      if (refused) this.#refusal = `${refused}: not played here`;
      else await this.#run(signal);
    } finally {
      for (const one of this.#main) one.ready = false;
      this.#over.abort();
      this.#sandbox?.stop();
      await this.#tell();
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    await this.#until(signal, this.#main, async () => await this.#volumes.refresh(this.pod));
    if (signal.aborted) return;
    this.#address = this.#node.address();
    this.#sandbox = await startSandbox(this.#node.network, this.pod.metadata.name, this.#address);
    this.pod = { ...this.pod, status: { ...this.pod.status, podIP: this.#address, hostIP: '127.0.0.1' } };
    await this.#tell();
    void this.#refresh();
    for (const one of this.#init) {
      await this.#keep(one, this.pod.spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure', signal);
      if (exitCodeOf(one) !== 0) return;
    }
    await Promise.all(this.#main.map((one) => this.#keep(one, this.pod.spec.restartPolicy ?? 'Always', signal)));
  }

  async #refresh(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await sleep(REFRESH, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await this.#volumes.refresh(this.pod).catch(() => {});
    }
  }

  /** Runs it, and again as long as its policy wants it. */
  async #keep(one: Live, policy: string, signal: AbortSignal): Promise<void> {
    for (let wait = BACK_OFF; !signal.aborted; wait = Math.min(wait * 2, LONGEST)) {
      const code = await this.#once(one, signal);
      if (code === undefined || policy === 'Never' || (policy === 'OnFailure' && code === 0) || signal.aborted) return;
      one.lastState = one.state as Live['lastState'];
      one.state = { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${wait} ms` } };
      await this.#tell();
      await sleep(wait, undefined, { signal }).catch(() => {});
      one.restarts += 1;
    }
  }

  /** @returns its exit status; undefined: the Pod ended before it could start */
  async #once(one: Live, signal: AbortSignal): Promise<number | undefined> {
    let options: ContainerOptions | undefined;
    await this.#until(signal, [one], async () => {
      this.#starts += 1;
      const root = `root-${this.#starts}`;
      const { pod } = this;
      options = await optionsOf(pod, one, { node: this.#node, dir: this.#dir, root, volumes: this.#volumes });
    });
    if (!options || signal.aborted) return undefined;
    const startedAt = new Date().toISOString();
    const running = await startContainer(this.#sandbox!.pid, options);
    this.#running.set(one.spec.name, running);
    if (signal.aborted) running.signal('SIGTERM');
    one.state = { running: { startedAt } };
    const probing = new AbortController();
    this.#probe(one, running, probing.signal);
    await this.#tell();
    const exitCode = await running.ended;
    probing.abort();
    this.#running.delete(one.spec.name);
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    one.state = { terminated: { exitCode, reason, startedAt, finishedAt: new Date().toISOString() } };
    one.ready = false;
    one.started = false;
    await this.#tell();
    return exitCode;
  }

  #probe(one: Live, running: Running, signal: AbortSignal): void {
    const { startupProbe, livenessProbe, readinessProbe } = one.spec;
    const probed = { network: this.#node.network, address: this.#address!, container: one.spec };
    const begin = () => {
      one.started = true;
      one.ready = !readinessProbe;
      void this.#tell();
      if (readinessProbe) {
        void probe(probed, readinessProbe, signal, (isReady) => {
          if (one.ready === isReady) return;
          one.ready = isReady;
          void this.#tell();
        });
      }
      if (livenessProbe) void probe(probed, livenessProbe, signal, (isAlive) => isAlive || this.#unhealthy(running));
    };
    if (!startupProbe) {
      begin();
      return;
    }
    const until = new AbortController();
    void probe(probed, startupProbe, AbortSignal.any([signal, until.signal]), (isStarted) => {
      until.abort();
      if (isStarted) begin();
      else this.#unhealthy(running);
    });
  }

  #unhealthy(running: Running): void {
    if (this.#ending.signal.aborted) return;
    running.signal('SIGTERM');
    const grace = (this.pod.spec.terminationGracePeriodSeconds ?? GRACE_SECONDS) * 1_000;
    const timer = setTimeout(() => running.signal('SIGKILL'), grace);
    void running.ended.then(() => clearTimeout(timer));
  }

  /** Tries until it can be done; the containers' state says what is missing. */
  async #until(signal: AbortSignal, waiting: readonly Live[], act: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        return await act();
      } catch (error) {
        const reason = error instanceof NotCreated ? error.reason : 'ContainerCreating';
        for (const one of waiting) one.state = { waiting: { reason, message: (error as Error).message } };
        await this.#tell();
        await sleep(RETRY, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Says how it is, once for each change and one after the other. */
  #tell(): Promise<void> {
    this.#telling = this.#telling.then(async () => {
      const said = { init: this.#init, main: this.#main, address: this.#address, startTime: this.#startTime };
      const status = statusOf(this.pod, { ...said, refusal: this.#refusal }, this.#conditions);
      const text = JSON.stringify(status);
      if (text !== this.#told && (await this.#node.say(this.pod, status))) this.#told = text;
    });
    return this.#telling;
  }

  /** What it left on disk. */
  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}
