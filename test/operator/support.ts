/** A cluster of one process for the operator's tests. */
import type { Clock } from '../../src/clock.ts';
import type {
  Change,
  HowGone,
  Reflector,
  ReflectorCounters,
  ReflectorOptions,
  ReflectorStatus,
} from '../../src/kube/index.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import { type ClusterView, type ClusterViewSettings, createClusterView } from '../../src/operator/index.ts';
import { compile } from '../../src/policy/index.ts';
import { MemoryClient } from '../kube/support/memory-client.ts';
import { FakeClock } from '../support/fake-clock.ts';

export const ISSUER = 'https://kubernetes.example';
export const OURS = 'https://mint.example';

/** A MemoryClient that is also asked for reviews and texts. */
export class ScriptedClient extends MemoryClient {
  readonly reviewed: { readonly plural: string; readonly body: unknown }[] = [];
  readonly texts: string[] = [];
  onReview: (plural: string, body: unknown) => unknown = () => ({ status: {} });
  onText: (path: string) => string = () => '';

  override async review<T>(type?: ResourceType, object?: object): Promise<T> {
    this.reviewed.push({ plural: type?.plural ?? '', body: object });
    return this.onReview(type?.plural ?? '', object) as T;
  }

  override async getText(path = ''): Promise<string> {
    this.texts.push(path);
    return this.onText(path);
  }
}

/** A reflector that holds what the test puts into it. */
export class FakeReflector<T> implements Reflector<T> {
  readonly options: ReflectorOptions<T>;
  readonly #items = new Map<string, T>();
  readonly #clock: Clock;
  #freshAt: number | undefined;
  synced = false;
  state: ReflectorStatus = { phase: 'watching' };

  constructor(options: ReflectorOptions<T>) {
    this.options = options;
    this.#clock = options.clock;
  }

  start(): void {}
  async stop(): Promise<void> {
    this.state = { phase: 'stopped' };
  }
  items = () => this.#items;
  ageMs = () => (this.#freshAt === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonic() - this.#freshAt);
  status = () => this.state;
  counters() {
    return { failures: new Map() } as unknown as ReflectorCounters;
  }

  /** The first whole list. */
  sync(...objects: KubeObject[]): void {
    this.put(...objects);
    this.synced = true;
    this.touch();
    this.options.onSynced?.();
  }

  /** A sign of life. */
  touch(): void {
    this.#freshAt = this.#clock.monotonic();
  }

  put(...objects: KubeObject[]): void {
    const changes = objects.map((raw): Change<T> => {
      const key = keyOf(raw);
      const now = this.options.project(raw, key);
      const old = this.#items.get(key);
      this.#items.set(key, now);
      return old === undefined ? { type: 'added', key, new: now } : { type: 'modified', key, old, new: now };
    });
    if (changes.length > 0) this.options.onChange?.(changes);
  }

  remove(raw: KubeObject, how: HowGone = 'told'): void {
    const key = keyOf(raw);
    const old = this.#items.get(key);
    if (old === undefined) throw new Error(`there is no ${key}`);
    this.#items.delete(key);
    this.options.onChange?.([{ type: 'deleted', key, old, how }]);
  }
}

function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** The operator's own namespace. */
export const OWN = 'trustmint';

let uids = 0;

export function raw(
  kind: string,
  namespace: string | undefined,
  name: string,
  spec: object,
  metadata: Partial<KubeObject['metadata']> = {},
): KubeObject {
  uids += 1;
  const meta = { name, uid: `uid-${uids}`, resourceVersion: `${uids}`, generation: 1, ...metadata };
  return {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind,
    metadata: namespace === undefined ? meta : { ...meta, namespace },
    spec,
  };
}

/** Another state of an object: a higher generation where its spec is another, else only another resourceVersion. */
export function changed(object: KubeObject, members: Record<string, unknown>, metadata = {}): KubeObject {
  const { generation = 1 } = object.metadata;
  const next = { ...object.metadata, resourceVersion: `${object.metadata.resourceVersion}1`, ...metadata };
  return { ...object, ...members, metadata: 'spec' in members ? { ...next, generation: generation + 1 } : next };
}

export const policySpec = (serviceAccount = 'agent', more: object = {}) => ({
  provider: 'kubernetes',
  audience: 'satgate',
  trustRules: [{ name: 'agents', match: { serviceAccount }, issue: { ttl: '1h' } }],
  ...more,
});

export const trustPolicy = (namespace: string, name: string, spec: object = policySpec(), metadata = {}) =>
  raw('TrustPolicy', namespace, name, spec, metadata);

export interface World {
  readonly clock: FakeClock;
  readonly view: ClusterView;
  readonly client: ScriptedClient;
  readonly logged: { compiled: number; changes: number };
  issuers: readonly string[] | undefined;
  /** By plural; in a scope `plural/namespace`, without which it is the operator's own. */
  of(plural: string): FakeReflector<unknown>;
  /** What is followed, by such names. */
  followed(): string[];
  /** The first whole list of every kind; what is given is in it. */
  sync(objects?: Readonly<Record<string, readonly KubeObject[]>>): Promise<void>;
}

export const KINDS = [
  'trustpolicies',
  'clustertrustpolicies',
  'protectedresources',
  'tokenrevocations',
  'agentregistrations',
  'namespaces',
];

export function world(settings: Partial<ClusterViewSettings> = {}): World {
  const clock = new FakeClock();
  const client = new ScriptedClient();
  const reflectors = new Map<string, FakeReflector<unknown>>();
  const logged = { compiled: 0, changes: 0 };
  const made: World = {
    issuers: [ISSUER],
    clock,
    client,
    logged,
    view: createClusterView({
      client,
      clock,
      random: (n) => new Uint8Array(n),
      namespace: OWN,
      tenancy: { mode: 'Namespace' },
      clusterIssuers: () => made.issuers,
      compile: (objects, now) => {
        logged.compiled += 1;
        return compile(objects, {
          ...now,
          defaultAudience: 'default',
          maxTtl: 86_400,
          ownIssuer: OURS,
          allowLoopbackHttp: false,
        });
      },
      onChange: () => {
        logged.changes += 1;
      },
      reflect: <T>(options: ReflectorOptions<T>) => {
        const one = new FakeReflector(options);
        const { type, namespace } = options;
        reflectors.set(
          namespace === undefined ? type.plural : `${type.plural}/${namespace}`,
          one as FakeReflector<unknown>,
        );
        return one;
      },
      ...settings,
    }),
    of(plural: string) {
      const found = reflectors.get(plural) ?? reflectors.get(`${plural}/${OWN}`);
      if (!found) throw new Error(`${plural} is not followed`);
      return found;
    },
    followed: () => [...reflectors.keys()],
    async sync(objects = {}) {
      const given = new Map<string, readonly KubeObject[]>(Object.entries(objects));
      made.view.start();
      // In a scope there are more of them as soon as namespaces are known.
      for (const [plural, one] of reflectors) one.sync(...(given.get(plural) ?? []));
      // A clock of the test's own is for the test to advance.
      if (!settings.clock) await clock.advance(0);
    },
  };
  return made;
}
