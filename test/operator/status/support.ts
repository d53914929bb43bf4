/** The cluster of one process, with a status reporter that may lead it: what it writes comes back as from a watch. */

import type { KubeObject } from '../../../src/kube/types.ts';
import {
  type ClusterView,
  type PolicyEnd,
  Reporting,
  reportStatus,
  type StatusReporter,
} from '../../../src/operator/index.ts';
import type { CompileOptions, PolicyObjects } from '../../../src/policy/index.ts';
import { compile, lintInSteps } from '../../../src/policy/index.ts';
import type { Call } from '../../kube/support/memory-client.ts';
import { settle } from '../../kube/support/settle.ts';
import { ISSUER, OURS, OWN, ScriptedClient, type World, world } from '../support.ts';

const PLURALS: Readonly<Record<string, string>> = {
  TrustPolicy: 'trustpolicies',
  ClusterTrustPolicy: 'clustertrustpolicies',
  ProtectedResource: 'protectedresources',
  AgentRegistration: 'agentregistrations',
  TokenRevocation: 'tokenrevocations',
  Namespace: 'namespaces',
};

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

export interface Reported {
  readonly w: World;
  readonly client: ScriptedClient;
  readonly reporter: StatusReporter;
  readonly logged: string[];
  /** What the audit has of the ends of policies. */
  readonly ends: PolicyEnd[];
  auditFails: boolean;
  /** Whether the elector would say yes right before a write. */
  mayWrite: boolean;
  /** Whether what is written on the server reaches the local copies. */
  watching: boolean;
  /** How often was linted. */
  linted: number;
  /** Milliseconds of the reporter's clock that linting takes. */
  lintTakes: number;
  /** Creates or replaces objects, as their authors do. */
  apply(...objects: KubeObject[]): Promise<void>;
  remove(object: KubeObject): Promise<void>;
  /** Begins a term; what is returned ends it. */
  lead(): Promise<() => Promise<void>>;
  /** Lets milliseconds pass, and everything that they bring happen. */
  pass(ms: number): Promise<void>;
  status(object: KubeObject): Record<string, unknown> & { readonly conditions: readonly Condition[] };
  condition(object: KubeObject, type: string): Condition;
  /** The status writes so far. */
  writes(): readonly Call[];
  /** `reason: note` of the Events about an object. */
  events(object: KubeObject): string[];
}

interface Settings {
  readonly tenancy?: { readonly mode: 'NamespaceLabel' };
  /** Of an installation of some namespaces, whose copies hold all the same. */
  readonly scope?: ReadonlySet<string>;
  /** There may be several installations. */
  readonly shared?: boolean;
}

export function reported({ scope, shared, ...settings }: Settings = {}): Reported {
  const made = { mayWrite: true, watching: true, auditFails: false, linted: 0, lintTakes: 0, elapsed: 0 };
  const ends: PolicyEnd[] = [];
  const logged: string[] = [];
  let last: { objects: PolicyObjects; options: CompileOptions } | undefined;
  let reporter: StatusReporter | undefined;
  const client = new ScriptedClient();
  const w = world({
    ...settings,
    client,
    compile: (objects, now) => {
      const options = { ...now, defaultAudience: 'default', maxTtl: 86_400, ownIssuer: OURS, allowLoopbackHttp: false };
      last = { objects, options };
      return compile(objects, options);
    },
    onChange: () => reporter?.changed(),
    onAgents: () => reporter?.changed(),
  });
  w.issuers = [ISSUER];
  const clock = {
    now: () => w.clock.now(),
    monotonic: () => w.clock.monotonic() + made.elapsed,
    setTimer: (task: () => void, ms: number) => w.clock.setTimer(task, ms),
  };
  reporter = reportStatus({
    client,
    clock,
    random: (n) => new Uint8Array(n).map(() => Math.floor(Math.random() * 256)),
    view: w.view as ClusterView,
    lint: function* () {
      made.linted += 1;
      const steps = lintInSteps(last!.objects, last!.options);
      for (let n = 0; n < 10; n += 1) {
        made.elapsed += made.lintTakes / 10;
        yield;
      }
      return yield* steps;
    },
    isLeader: () => made.mayWrite,
    maxStaleness: 600,
    record: async (end) => {
      if (made.auditFails) throw new Error('audit_unavailable');
      ends.push(end);
    },
    ...((scope || shared) && {
      reporting: new Reporting({
        clock,
        namespace: OWN,
        ...(scope && { scope }),
        namespaces: () => w.view.copies.namespaces.items(),
      }),
    }),
    instance: 'pod-1',
    log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
  });

  const keyOf = ({ kind = '', metadata }: KubeObject) =>
    `${kind === 'Namespace' ? '' : 'trustmint.dev'}/${PLURALS[kind]}/${metadata.namespace ?? ''}/${metadata.name}`;
  const stored = (object: KubeObject) => client.server.objects.get(keyOf(object)) as KubeObject | undefined;
  client.faults.after = (call) => {
    if (call.subresource !== 'status') return;
    for (const object of client.server.objects.values()) {
      const one = object as KubeObject;
      if (PLURALS[one.kind ?? ''] !== call.plural || one.metadata.name !== call.name) continue;
      if (one.metadata.namespace === call.namespace && made.watching) w.of(call.plural).put(structuredClone(one));
    }
  };

  const self: Reported = Object.assign(made, {
    w,
    client,
    reporter,
    logged,
    ends,
    async apply(...objects: KubeObject[]) {
      for (const object of objects) {
        const before = stored(object);
        const resourceVersion = client.server.nextVersion();
        const same = before?.metadata.uid === object.metadata.uid;
        const next = {
          ...object,
          ...(same && before.status !== undefined && { status: before.status }),
          metadata: { ...object.metadata, resourceVersion },
        };
        client.server.objects.set(keyOf(object), structuredClone(next) as never);
        if (made.watching) w.of(PLURALS[object.kind ?? '']!).put(structuredClone(next) as KubeObject);
      }
      await self.pass(100);
    },
    async remove(object: KubeObject) {
      client.server.objects.delete(keyOf(object));
      w.of(PLURALS[object.kind ?? '']!).remove(object);
      await self.pass(100);
    },
    async lead() {
      const term = new AbortController();
      const work = reporter.lead(term.signal);
      await self.pass(100);
      return async () => {
        term.abort();
        const limit = self.pass(2_000);
        await work;
        await limit;
      };
    },
    async pass(ms: number) {
      await w.clock.advance(ms);
      await settle(20);
    },
    status: (object: KubeObject) => (stored(object)?.status ?? {}) as never,
    condition(object: KubeObject, type: string) {
      const found = self.status(object).conditions?.find((one) => one.type === type);
      if (!found) throw new Error(`${object.metadata.name} has no condition ${type}`);
      return found;
    },
    writes: () => client.server.calls.filter(({ subresource }) => subresource === 'status'),
    events: (object: KubeObject) =>
      client.server.calls
        .filter(({ plural, verb }) => plural === 'events' && verb === 'create')
        .map(({ body }) => body as { reason: string; note: string; regarding: { uid: string } })
        .filter(({ regarding }) => regarding.uid === object.metadata.uid)
        .map(({ reason, note }) => `${reason}: ${note}`),
  });
  return self;
}
