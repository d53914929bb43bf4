import assert from 'node:assert/strict';
import { createTombstones, type Heard, hearRevocations } from '../../../src/operator/index.ts';
import { settle } from '../../kube/support/settle.ts';
import { OWN, raw, ScriptedClient, type World, world } from '../support.ts';

const REVOKES_IN = 'trustmint.dev/revokes-in';
const spaces = [OWN, 'team-a', 'team-b'].map((name) => raw('Namespace', undefined, name, {}));
const kill = (namespace: string, name: string, more: object = {}) =>
  raw('TokenRevocation', namespace, name, { token: name, ...more }, { creationTimestamp: '2026-01-01T00:00:00Z' });

/** The Lease's annotations, and replicas that read and write them. */
class Lease {
  annotations: Record<string, string> | undefined = {};
  version = 1;
  broken = false;

  readonly notes = {
    read: async () => {
      if (this.broken) throw new Error('no answer');
      const { annotations, version } = this;
      return annotations && { uid: 'u', annotations: { ...annotations }, resourceVersion: `${version}`, holder: 'x' };
    },
    write: async (note: string, value: string, unlessChanged?: string) => {
      if (!this.annotations || (unlessChanged !== undefined && unlessChanged !== `${this.version}`)) return false;
      this.annotations[note] = value;
      this.version += 1;
      return true;
    },
    answer: async (note: string, value: string, others: Readonly<Record<string, string>> = {}) => {
      if (this.annotations?.[note] !== value) return false;
      delete this.annotations[note];
      Object.assign(this.annotations, others);
      this.version += 1;
      return true;
    },
  };
}

interface Replica {
  readonly w: World;
  readonly heard: Heard;
  readonly client: ScriptedClient;
  leads: boolean;
  pass(ms: number): Promise<void>;
}

describe('which revocations are heard', () => {
  let lease: Lease;
  let replicas: Replica[];
  beforeEach(() => {
    lease = new Lease();
    replicas = [];
  });
  afterEach(async () => {
    for (const { heard, w } of replicas) {
      await heard.close();
      await w.view.close();
      assert.equal(w.clock.pending, 0);
    }
  });

  function replica(scope?: string[]): Replica {
    const client = new ScriptedClient();
    const set = scope && new Set([OWN, ...scope]);
    const w = world({ client, ...(set && { scope: set }) });
    const made = { leads: false };
    const heard = hearRevocations({
      clock: w.clock,
      copies: w.view.copies,
      index: () => w.view.revocations(),
      namespace: OWN,
      ...(set && { scope: set }),
      tenancy: { mode: 'Namespace' },
      notes: lease.notes,
      tombstones: createTombstones({ client, namespace: OWN, clock: w.clock }),
      isLeader: () => made.leads,
    });
    heard.start();
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= 500) {
        await w.clock.advance(500);
        await settle();
      }
    };
    const one = Object.assign(made, { w, heard, client, pass });
    replicas.push(one);
    return one;
  }

  const written = ({ client }: Replica) =>
    [...client.server.objects.values()].map(({ spec }) => spec as Record<string, string>);

  async function leaderOf(scope: string[] | undefined, ...revocations: ReturnType<typeof kill>[]): Promise<Replica> {
    const one = replica(scope);
    const of = (where: string) => revocations.filter(({ metadata }) => metadata.namespace === where);
    await one.w.sync(
      scope
        ? {
            namespaces: spaces,
            ...Object.fromEntries([OWN, ...scope].map((name) => [`tokenrevocations/${name}`, of(name)])),
          }
        : { namespaces: spaces, tokenrevocations: revocations },
    );
    one.leads = true;
    await one.pass(2_000);
    return one;
  }

  it('is noted by the leader: where one is in force, but for its own namespace, as they come and go', async () => {
    const over = { expiresAt: '2026-01-01T00:00:00Z' };
    const one = await leaderOf(undefined, kill('team-b', 'b'), kill(OWN, 'own'), kill('team-a', 'over', over));
    assert.equal(lease.annotations?.[REVOKES_IN], 'team-a,team-b', 'for 25 h whatever it says');
    one.w.of('tokenrevocations').remove(kill('team-a', 'over', over));
    await one.pass(1_000);
    assert.equal(lease.annotations?.[REVOKES_IN], 'team-b');
    one.leads = false;
    one.w.of('tokenrevocations').put(kill('team-a', 'later'));
    await one.pass(20_000);
    assert.equal(lease.annotations?.[REVOKES_IN], 'team-b', 'others note nothing');
  });

  it('a replica of all, or of no fewer, or of a first installation, waits for nothing', async () => {
    lease.annotations = { [REVOKES_IN]: 'team-a' };
    assert.ok(replica().heard.ready());
    const same = replica(['team-a']);
    await same.w.sync({ namespaces: spaces });
    await same.pass(1_000);
    assert.ok(same.heard.ready());
    lease.annotations = undefined;
    const first = replica(['team-b']);
    await first.w.sync({ namespaces: spaces });
    await first.pass(1_000);
    assert.ok(first.heard.ready());
  });

  it('one of fewer has the leader keep what it would not hear, of that tenant alone, and only then is ready', async () => {
    const leader = await leaderOf(['team-a', 'team-b'], kill('team-a', 'a'), kill('team-b', 'b'), kill('team-b', 'c'));
    const fewer = replica(['team-a']);
    await fewer.w.sync({ namespaces: spaces });
    await fewer.pass(5_000);
    assert.deepEqual([fewer.heard.ready(), fewer.heard.unheard()], [false, ['team-b']]);
    await leader.pass(10_000);
    const kept = written(leader).map(({ token, tenant }) => [token, tenant]);
    assert.deepEqual(kept.toSorted(), [
      ['b', 'team-b'],
      ['c', 'team-b'],
    ]);
    await fewer.pass(1_000);
    assert.deepEqual([fewer.heard.ready(), fewer.heard.unheard()], [true, []]);
    assert.deepEqual(lease.annotations, { [REVOKES_IN]: 'team-a' });
  });

  it('where it cannot be kept, nobody is ready, and it is tried again', async () => {
    const leader = await leaderOf(['team-b'], kill('team-b', 'b'));
    leader.client.faults.before = () => Promise.reject(new Error('no answer'));
    const fewer = replica(['team-a']);
    await fewer.w.sync({ namespaces: spaces });
    await fewer.pass(2_000);
    await leader.pass(20_000);
    await fewer.pass(2_000);
    assert.ok(!fewer.heard.ready());
    delete leader.client.faults.before;
    await leader.pass(12_000);
    await fewer.pass(2_000);
    assert.ok(fewer.heard.ready());
  });

  it('without a leader that knows it, it waits until a person takes the note off; nor does it note anything as a leader', async () => {
    lease.annotations = { [REVOKES_IN]: 'team-b' };
    const fewer = await leaderOf(['team-a']);
    await fewer.pass(60_000);
    assert.ok(!fewer.heard.ready());
    assert.equal(lease.annotations[REVOKES_IN], 'team-b');
    lease.annotations = {};
    await fewer.pass(1_000);
    assert.ok(fewer.heard.ready());
  });

  it('of a namespace that is gone nothing is missing: that was kept when it went', async () => {
    lease.annotations = { [REVOKES_IN]: 'team-z' };
    const fewer = replica(['team-a']);
    await fewer.w.sync({ namespaces: spaces });
    await fewer.pass(1_000);
    assert.ok(fewer.heard.ready());
  });

  it('is not known while the Lease cannot be read', async () => {
    lease.broken = true;
    const one = replica(['team-a']);
    await one.w.sync({ namespaces: spaces });
    await one.pass(5_000);
    assert.ok(!one.heard.ready());
    lease.broken = false;
    await one.pass(1_000);
    assert.ok(one.heard.ready());
  });

  it('of more namespaces than fit says that they are many: then only a person can say that nothing is missing', async () => {
    const many = Array.from({ length: 1_001 }, (_, n) => kill(`n${n}`, 'x'));
    await leaderOf(undefined, ...many);
    assert.equal(lease.annotations?.[REVOKES_IN], '*');
    const fewer = replica(['team-a']);
    await fewer.w.sync({ namespaces: spaces });
    await fewer.pass(30_000);
    assert.deepEqual([fewer.heard.ready(), Object.keys(lease.annotations)], [false, [REVOKES_IN]]);
  });
});
