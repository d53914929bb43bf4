/**
 * `trustmint uninstall`: the operator ends, and nothing waits for it. Each step may be done again; one that fails is told
 * and the next one tried, for whoever uninstalls must not be left with what is stuck.
 */
import { type Clock, systemClock } from '../clock.ts';
import type { ResourceType } from '../kube/types.ts';
import { FINALIZER, KEYS_SECRET, LEASE } from '../operator/index.ts';
import { type ClusterConnection, refusedByCluster, withCluster } from './cluster.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';
import { ALL, type Found, find, HELD, isDeleted, isHeld, letGo, remove } from './uninstall-objects.ts';
import { type OperatorPods, operatorPods } from './uninstall-pods.ts';

export interface UninstallFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly deployment: string;
  readonly deleteObjects?: true;
  readonly watchNamespaces?: readonly string[];
  /** Seconds. */
  readonly timeout: number;
}

/** Requests a second and at once: there may be thousands of objects. */
const RATE = { qps: 200, burst: 400 };
/** Milliseconds between two looks. */
const LOOK = 500;
/** Milliseconds that are left for the finalizers, whatever the waits before them took. */
const AT_LEAST = 30_000;
/** Milliseconds in which a leader that is still there puts a finalizer on again. */
const AGAIN = 2_000;
/** Looks at what still has the finalizer that bring nothing on. */
const VAIN = 3;

const SECRETS: ResourceType = { group: '', version: 'v1', plural: 'secrets', namespaced: true };
const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };

/** @throws CliError finalizers_left: something still has our finalizer */
export async function uninstall(flags: UninstallFlags, io: Io, clock: Clock = systemClock): Promise<void> {
  const run = async (cluster: ClusterConnection) => {
    const namespace = flags.namespace ?? cluster.namespace;
    if (namespace === undefined) throw new CliError('usage', "say with -n which namespace is the operator's own");
    await new Uninstalling(flags, namespace, cluster, io, clock).run();
  };
  await withCluster(flags, run, RATE);
}

/** Of the operator: it ended; there was no Deployment of that name; replicas of it may still write. */
type Ended = 'stopped' | 'absent' | 'running';

class Uninstalling {
  readonly #flags: UninstallFlags;
  readonly #namespace: string;
  readonly #client: ClusterConnection['client'];
  readonly #io: Io;
  readonly #clock: Clock;
  readonly #pods: OperatorPods;
  /** Of namespaced kinds; absent: all. */
  readonly #places: readonly string[] | undefined;
  readonly #start: number;
  /** Another installation serves some of it too. */
  #isShared = false;

  constructor(flags: UninstallFlags, namespace: string, { client }: ClusterConnection, io: Io, clock: Clock) {
    this.#flags = flags;
    this.#namespace = namespace;
    this.#client = client;
    this.#io = io;
    this.#clock = clock;
    this.#pods = operatorPods(client, namespace, flags.deployment);
    this.#places = flags.watchNamespaces && [...new Set([...flags.watchNamespaces, namespace])];
    this.#start = clock.monotonic();
  }

  async run(): Promise<void> {
    const { deleteObjects } = this.#flags;
    if (deleteObjects) await this.#tried('objects are not deleted', () => this.#deleteWhileServed());
    const operator = await this.#stop();
    const left = await this.#letGo(operator);
    // A leader that could not be stopped puts it on again.
    if (operator === 'running' && left.length === 0) {
      await this.#pause(AGAIN);
      left.push(...(await this.#letGo(operator)));
    }
    if (deleteObjects) {
      await this.#tried('objects are not deleted', () => this.#deleteRest());
      await this.#tried('the keys are not deleted', () => this.#deleteKeys());
    }
    if (left.length > 0) {
      const some = left.slice(0, 5).map(named).join(', ');
      throw new CliError('finalizers_left', `${left.length} objects still have ${FINALIZER}: ${some}`);
    }
    if (!this.#isShared) this.#say(`nothing has the finalizer ${FINALIZER}`);
  }

  /** Each that has the finalizer has its last record then. */
  async #deleteWhileServed(): Promise<void> {
    if (!(await this.#pods.isServed())) {
      this.#say('no replica is ready: what is deleted has no last record');
      return;
    }
    const seen = new Set<string>();
    const isOver = this.#within(this.#flags.timeout * 500);
    for (;;) {
      const found = await find(this.#client, HELD, this.#places);
      const living = found.filter((one) => !isDeleted(one));
      for (const { object } of living) seen.add(object.metadata.uid);
      const failures = await remove(this.#client, living);
      if (failures.length > 0) throw failures[0];
      // Those that others hold go when those others let them.
      const held = found.filter(isHeld);
      if (living.length === 0 && held.length === 0) break;
      if (isOver()) {
        this.#say(`deleted ${seen.size} policies and registrations; ${held.length} wait for their last record in vain`);
        return;
      }
      await this.#pause(LOOK);
    }
    this.#say(`deleted ${seen.size} policies and registrations, each with its last record`);
  }

  async #stop(): Promise<Ended> {
    const { deployment, timeout } = this.#flags;
    const what = `Deployment ${this.#namespace}/${deployment}`;
    try {
      const isOver = this.#within(timeout * 1_000);
      const isThere = await this.#answered(isOver, () => this.#pods.scaleToZero());
      const look = () => this.#answered(isOver, () => this.#pods.alive());
      let alive = await look();
      for (; alive.length > 0 && !isOver(); alive = await look()) await this.#pause(LOOK);
      if (alive.length > 0) this.#warn(`${what}: ${alive.length} pods are still there; they are waited for no longer`);
      else this.#say(isThere ? `${what} is scaled to zero, and its pods are gone` : `there is no ${what}`);
      if (alive.length > 0) return 'running';
      return isThere ? 'stopped' : 'absent';
    } catch (error) {
      const refused = refusedByCluster(error, 'scale', what, 'there is no such namespace');
      this.#warn(`${what} is not known to have stopped: ${wordsOf(refused)}`);
      return 'running';
    }
  }

  /** An API server that restarts meanwhile is asked again: a replica that is thought gone puts finalizers on. */
  async #answered<T>(isOver: () => boolean, ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const { status = 0 } = error as { status?: number };
        if ((status >= 400 && status < 500 && status !== 429) || isOver()) throw error;
        await this.#pause(LOOK);
      }
    }
  }

  /** @returns what still has it, and will have it for ever */
  async #letGo(operator: Ended): Promise<Found[]> {
    const isOver = this.#within(Math.max(this.#flags.timeout * 1_000, this.#elapsed() + AT_LEAST));
    let before = Number.POSITIVE_INFINITY;
    const taken = new Set<string>();
    for (let vain = 0; ; ) {
      const found = (await this.#find(HELD)).filter(isHeld);
      // Ours has ended: what has it again has it of another installation, whose operator lets it go.
      const again = operator === 'stopped' ? found.filter(({ object }) => taken.has(object.metadata.uid)) : [];
      const held = found.filter((one) => !again.includes(one));
      vain = held.length < before ? 0 : vain + 1;
      if (held.length === 0 || vain === VAIN || isOver()) {
        const off = [...taken].filter((uid) => !held.some(({ object }) => object.metadata.uid === uid));
        if (off.length > 0) this.#say(`took the finalizer off ${off.length} objects`);
        this.#isShared = again.length > 0;
        if (this.#isShared)
          this.#say(`${again.length} of them have it again, of another operator that serves them too`);
        return held;
      }
      before = held.length;
      const [failure] = await letGo(this.#client, held, taken);
      if (failure) this.#warn(wordsOf(refusedByCluster(failure, 'patch', 'what has the finalizer', 'it is gone')));
      if (failure) await this.#pause(LOOK);
    }
  }

  async #deleteRest(): Promise<void> {
    const rest = (await this.#find(ALL)).filter((one) => !isDeleted(one));
    const failures = await remove(this.#client, rest);
    if (failures.length > 0) throw failures[0];
    if (rest.length > 0) this.#say(`deleted ${rest.length} objects more`);
  }

  /** What revoked their tokens is gone: an operator that found these keys would take those tokens again. */
  async #deleteKeys(): Promise<void> {
    for (const [type, name] of [
      [SECRETS, KEYS_SECRET],
      [LEASES, LEASE],
    ] as const) {
      await this.#client.delete(type, name, this.#namespace).catch((error) => {
        if (error.status !== 404) throw refusedByCluster(error, 'delete', `${type.plural} ${name}`, '');
      });
    }
    this.#say('deleted the keys: no token that there is will ever be good again');
  }

  async #find(kinds: typeof HELD): Promise<Found[]> {
    return await find(this.#client, kinds, this.#places).catch((error) => {
      throw refusedByCluster(error, 'list', 'our objects', 'there is no such namespace');
    });
  }

  async #tried(what: string, act: () => Promise<void>): Promise<void> {
    await act().catch((error) => this.#warn(`${what}: ${wordsOf(refusedByCluster(error, 'delete', 'them', 'gone'))}`));
  }

  /** @param ms since the beginning */
  #within(ms: number): () => boolean {
    return () => this.#elapsed() >= ms;
  }

  #elapsed(): number {
    return this.#clock.monotonic() - this.#start;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(resolve, ms));
  }

  #say(line: string): void {
    this.#io.stdout.write(`${line}\n`);
  }

  #warn(line: string): void {
    this.#io.stderr.write(`trustmint: ${line}\n`);
  }
}

function named({ kind, object: { metadata } }: Found): string {
  return [kind, metadata.namespace, metadata.name].filter(Boolean).join('/');
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : 'failed');
