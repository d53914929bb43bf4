/** Replicas that take turns in leading, over one API server; each of them forgets all it knew when it is killed. */
import { setImmediate } from 'node:timers/promises';
import type { KubeObject } from '../../../src/kube/types.ts';
import { type HeldPolicy, holdPolicy } from '../../../src/operator/held.ts';
import { createTombstones, handleDeletion, type PolicyEnd, policyDeletion } from '../../../src/operator/index.ts';
import { fromRevokingObjects, fromTokenRevocations, RevocationIndex } from '../../../src/revocation/index.ts';
import { apiFailure, type Call, MemoryClient, MemoryServer } from '../../kube/support/memory-client.ts';
import { FakeClock } from '../../support/fake-clock.ts';

export const OWN = 'trustmint-system';
export const STALE = 600;
const PLURALS = { TrustPolicy: 'trustpolicies', ClusterTrustPolicy: 'clustertrustpolicies' } as const;
type Kind = keyof typeof PLURALS;

export interface Replica {
  readonly client: MemoryClient;
  readonly logged: string[];
  /** Requests and audit records that it made, in order. */
  readonly did: string[];
  /** Told right before and right after each of them; may kill it. */
  onStep?: (when: 'before' | 'after', step: number, what: string) => void;
  /** Whether the elector would say yes right before a write. */
  mayWrite: boolean;
  changed(): void;
  kill(): void;
  /** Ends the term as a leader does that lost the Lease. */
  resign(): Promise<void>;
}

export class Deletions {
  readonly clock = new FakeClock();
  readonly server = new MemoryServer();
  /** What the audit has. */
  readonly ends: PolicyEnd[] = [];
  /** Asked after each change of the server. */
  onServer: () => void = () => {};
  /** Milliseconds that an audit record takes; undefined: for ever. */
  audit: () => Promise<void> = async () => {};
  #held = new Map<string, HeldPolicy>();

  constructor() {
    this.server.now = () => this.clock.now();
  }

  put(object: KubeObject): void {
    this.server.objects.set(this.#key(object), structuredClone(object) as never);
  }

  get(object: KubeObject): KubeObject | undefined {
    return this.server.objects.get(this.#key(object)) as KubeObject | undefined;
  }

  delete(object: KubeObject): Promise<void> {
    const { kind, metadata } = object;
    const type = { group: 'trustmint.dev', version: 'v1alpha1', plural: PLURALS[kind as Kind], namespaced: true };
    return new MemoryClient(this.server).delete(type, metadata.name, metadata.namespace);
  }

  of(plural: string): KubeObject[] {
    return [...this.server.objects.entries()]
      .filter(([key]) => key.split('/')[1] === plural)
      .map(([, one]) => one as unknown as KubeObject);
  }

  tombstones = () => this.of('tokenrevocations');

  events(object: KubeObject): string[] {
    return this.of('events')
      .filter(({ regarding }) => (regarding as { uid: string }).uid === object.metadata.uid)
      .map(({ reason }) => String(reason));
  }

  /** What is dead by what the server holds now. */
  dead(): RevocationIndex {
    const held = [...this.items('TrustPolicy').values(), ...this.items('ClusterTrustPolicy').values()];
    const revoking = fromRevokingObjects(held.flatMap((one) => (one.revoking ? [one.revoking] : [])));
    const named = fromTokenRevocations(
      this.tombstones().map((one) => ({
        ...one,
        metadata: { ...one.metadata, creationTimestamp: iso(this.clock) },
      })) as never,
      () => null,
    );
    return RevocationIndex.from([...revoking.entries, ...named.entries]);
  }

  items(kind: Kind): ReadonlyMap<string, HeldPolicy> {
    return new Map(
      this.of(PLURALS[kind]).map((raw) => {
        const { uid, resourceVersion, namespace, name } = raw.metadata;
        const id = `${uid} ${resourceVersion}`;
        const one = this.#held.get(id) ?? holdPolicy(kind)(structuredClone(raw));
        this.#held.set(id, one);
        return [namespace === undefined ? name : `${namespace}/${name}`, one];
      }),
    );
  }

  /** Begins a term of another replica. */
  lead(settings: { readonly finalizers?: boolean; readonly without?: Kind } = {}): Replica {
    const term = new AbortController();
    let dead = false;
    const client = new MemoryClient(this.server, {
      before: (call, { signal }) => step('before', nameOf(call), signal),
      after: (call, { signal }) => {
        this.onServer();
        return step('after', nameOf(call), signal);
      },
    });
    const step = async (when: 'before' | 'after', what: string, signal?: AbortSignal) => {
      await setImmediate();
      if (dead || signal?.aborted) throw apiFailure(0, 'Aborted');
      if (when === 'before') replica.did.push(what);
      replica.onStep?.(when, replica.did.length - 1, what);
      if (dead) throw apiFailure(0, 'Aborted');
    };
    const log = (level: string, message: string, fields?: object) =>
      void replica.logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
    const copies = { policies: { get: (kind: Kind) => ({ items: () => this.items(kind) }) } } as never;
    const limits = { maxStaleness: STALE };
    const deletion = handleDeletion({
      client,
      clock: this.clock,
      random: (n) => new Uint8Array(n),
      namespace: OWN,
      tombstones: createTombstones({ client, namespace: OWN, clock: this.clock, log }),
      kinds: (['TrustPolicy', 'ClusterTrustPolicy'] as const).map((kind) => ({
        ...policyDeletion(kind, { copies }, limits),
        withoutFinalizer: settings.without === kind,
      })),
      finalizers: settings.finalizers ?? true,
      record: async (end) => {
        await step('before', 'audit');
        await this.audit();
        this.ends.push(end);
        await step('after', 'audit');
      },
      isLeader: () => !dead && !term.signal.aborted && replica.mayWrite,
      instance: 'pod',
      log,
    });
    const work = deletion.lead(term.signal);
    const replica: Replica = {
      client,
      logged: [],
      did: [],
      mayWrite: true,
      changed: () => deletion.changed(),
      kill: () => {
        dead = true;
        term.abort();
      },
      resign: async () => {
        term.abort();
        const limit = this.pass(2_000);
        await work;
        await limit;
      },
    };
    return replica;
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      await this.clock.advance(Math.min(250, left));
      for (let turn = 0; turn < 60; turn += 1) await setImmediate();
    }
  }

  #key({ kind, metadata }: KubeObject): string {
    return `trustmint.dev/${PLURALS[kind as Kind]}/${metadata.namespace ?? ''}/${metadata.name}`;
  }
}

const nameOf = ({ verb, plural, subresource }: Call) => `${verb} ${plural}${subresource ? `/${subresource}` : ''}`;
const iso = (clock: FakeClock) => new Date(clock.now()).toISOString();
