/** The cluster of one process, with a keeper: what it writes comes back as from a watch. */
import type { KubeObject } from '../../../src/kube/types.ts';
import { createTombstones, type KeeperSettings, keepRevocations } from '../../../src/operator/index.ts';
import type { RevocationEntry, TokenFacts } from '../../../src/revocation/index.ts';
import type { Faults } from '../../kube/support/memory-client.ts';
import { settle } from '../../kube/support/settle.ts';
import { changed, OWN, ScriptedClient, type World, world } from '../support.ts';

export const facts = (over: Partial<TokenFacts>): TokenFacts => ({
  jti: 'jti-1',
  gid: 'gid',
  pol: 'pol',
  agt: null,
  tenant: 'team-a',
  iat: 1_000,
  derivedFrom: () => [],
  ...over,
});

export interface Kept {
  readonly w: World;
  readonly client: ScriptedClient;
  readonly records: { readonly entry: RevocationEntry; readonly why: string }[];
  readonly logged: string[];
  mayWrite: boolean;
  namespace(name: string, metadata?: object): void;
  endNamespace(name: string): void;
  lead(): Promise<() => Promise<void>>;
  /** Lets milliseconds pass in steps; copies give signs of life. */
  pass(ms: number): Promise<void>;
  isDead(over: Partial<TokenFacts>): boolean;
  /** The specs of what was written into the operator's namespace. */
  written(): Record<string, string>[];
  close(): Promise<void>;
}

export function keeping(
  settings: Parameters<typeof world>[0] = {},
  faults: Faults = {},
  more: Partial<KeeperSettings> = {},
): Kept {
  const made = { mayWrite: true };
  const client = new ScriptedClient(undefined, faults);
  const records: Kept['records'] = [];
  const logged: string[] = [];
  const log = (level: string, message: string) => logged.push(`${level} ${message}`);
  const w = world({ client, ...settings, onChange: () => keeper.changed() });
  const keeper = keepRevocations({
    client,
    clock: w.clock,
    random: (n) => new Uint8Array(n),
    view: w.view,
    namespace: OWN,
    tombstones: createTombstones({ client, namespace: OWN, clock: w.clock, log }),
    isLeader: () => made.mayWrite,
    onKept: (entry, why) => records.push({ entry, why }),
    instance: 'pod-1',
    log,
    ...more,
  });
  const at = (name: string) => `/namespaces//${name}`;
  let synced = false;
  client.faults.after = (call) => {
    if (call.plural !== 'tokenrevocations' || !synced) return;
    const key = `trustmint.dev/tokenrevocations/${call.namespace}/${call.name}`;
    const stored = client.server.objects.get(key) as unknown as KubeObject | undefined;
    if (call.verb === 'create' && stored) w.of('tokenrevocations').put(stampedAt(stored, w.clock.now()));
  };
  const kept: Kept = Object.assign(made, {
    w,
    client,
    records,
    logged,
    namespace(name: string, metadata: object = {}) {
      client.server.objects.set(at(name), { metadata: { name, uid: name, resourceVersion: '1', ...metadata } });
    },
    endNamespace: (name: string) => void client.server.objects.delete(at(name)),
    async lead() {
      synced = true;
      const term = new AbortController();
      const led = keeper.lead(term.signal);
      await kept.pass(10);
      return async () => {
        term.abort();
        await w.clock.advance(2_000);
        await led;
      };
    },
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 500) {
        for (const name of w.followed()) if (name.startsWith('tokenrevocations')) w.of(name).touch();
        await w.clock.advance(Math.min(left, 500));
        await settle();
      }
    },
    isDead: (over: Partial<TokenFacts>) =>
      w.view.revocations().check(facts(over), Math.floor(w.clock.now() / 1000)) !== undefined,
    written: () =>
      [...client.server.objects.values()]
        .filter(({ metadata }) => metadata.name.startsWith('kept-'))
        .map(({ spec }) => spec as Record<string, string>),
    async close() {
      keeper.close();
      await w.view.close();
    },
  });
  return kept;
}

function stampedAt(object: KubeObject, ms: number): KubeObject {
  const creationTimestamp = new Date(ms).toISOString().replace(/\.\d+/, '');
  return changed({ ...object, kind: 'TokenRevocation' }, {}, { creationTimestamp });
}
