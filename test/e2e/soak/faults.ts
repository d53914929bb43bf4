/** What goes wrong, one thing every few seconds. */
import { rest } from './gate.ts';
import type { Impairment } from './impairments.ts';
import { Leaders } from './leader.ts';
import { deleteNamespace } from './namespace-fault.ts';
import type { People } from './people.ts';
import type { Canary } from './recovery.ts';
import type { Replica, Soak } from './soak-types.ts';

/** Milliseconds between two faults. */
const LEAST_REST = 1_000;
const MOST_REST = 4_000;
/** Milliseconds with nothing wrong, at first and after each time of faults: what is taken back must be alive again. */
export const CALM = 40_000;
const FAULTS_FOR = 110_000;
/** Milliseconds before the end in which nothing more goes wrong. */
const LAST_CALM = 10_000;
/** Milliseconds: longer than a Lease, so that another leads. */
const LONGER_THAN_A_LEASE = 19_000;

const WEIGHTS = [
  ['kill the leader', 10],
  ['kill a follower', 8],
  ['freeze the leader', 6],
  ['freeze a follower', 6],
  ['cut', 10],
  ['close', 10],
  ['API server', 8],
  ['etcd', 6],
  ['namespace', 10],
  ['keys', 10],
  ['Lease', 6],
  ['rotate', 6],
] as const;
type Fault = (typeof WEIGHTS)[number][0];

export interface FaultSettings {
  readonly people: People;
  readonly canary: Canary;
  /** Milliseconds. */
  readonly length: number;
}

/** @returns resolves when the last replica has recovered, or the time is over */
export async function startFaults(soak: Soak, settings: FaultSettings): Promise<void> {
  const chance = soak.chance.split();
  const leaders = new Leaders(soak);
  const recovering = new Set<Promise<unknown>>();
  const end = performance.now() + settings.length - LAST_CALM;
  /** The replica that is never killed: its memory is looked at over the whole run. */
  const spared = soak.replicas.at(-1);
  let closing: Promise<void> | undefined;

  const background = (work: Promise<unknown>) => {
    const one: Promise<unknown> = work.finally(() => recovering.delete(one));
    recovering.add(one);
  };
  const begin = (replicas: readonly Replica[], why: string, silent = false) => {
    const now = performance.now();
    return replicas.map((replica) => [replica, soak.impairments.begin(replica.index, why, now, silent)] as const);
  };
  const recover = (impaired: readonly (readonly [Replica, Impairment])[]) => {
    const lifted = performance.now();
    for (const [, one] of impaired) one.lifted = lifted;
    for (const [replica, one] of impaired) background(settings.canary.seen(soak, replica, [one]));
  };

  async function kill(replica: Replica): Promise<void> {
    const impaired = begin([replica], 'kill', true);
    await replica.operator.process.stop('SIGKILL');
    leaders.killed(replica.index);
    await rest(chance.between(0, 3_000), soak.over);
    await replica.operator.process.start();
    recover(impaired);
  }

  async function freeze(replica: Replica): Promise<void> {
    const impaired = begin([replica], 'freeze', true);
    replica.operator.process.signal('SIGSTOP');
    await rest(chance.is(0.3) ? LONGER_THAN_A_LEASE : chance.between(1_000, 8_000), soak.over);
    replica.operator.process.signal('SIGCONT');
    recover(impaired);
  }

  async function close(replica: Replica): Promise<void> {
    const impaired = begin([replica], 'close');
    replica.way.block('closed');
    await rest(chance.between(1_000, 12_000), soak.over);
    replica.way.open();
    recover(impaired);
  }

  async function down(what: 'apiserver' | 'etcd'): Promise<void> {
    const impaired = begin(soak.replicas, what);
    await soak.cluster[what].stop('SIGKILL');
    await rest(chance.between(0, 5_000), soak.over);
    await soak.cluster[what].start();
    await soak.cluster.apiserver.ready();
    recover(impaired);
  }

  function one(which: 'leader' | 'follower', mayBeSpared: boolean): Replica | undefined {
    const leader = leaders.current();
    const some = soak.replicas.filter((replica) => (replica === leader) === (which === 'leader'));
    return chance.of(some.filter((replica) => mayBeSpared || replica !== spared));
  }

  /** @returns whether it could be done */
  async function inject(fault: Fault): Promise<boolean> {
    switch (fault) {
      case 'kill the leader':
      case 'kill a follower': {
        const victim = one(fault === 'kill the leader' ? 'leader' : 'follower', false);
        if (!victim || !soak.keys.mayKill()) return false;
        await kill(victim);
        return true;
      }
      case 'freeze the leader':
      case 'freeze a follower': {
        const victim = one(fault === 'freeze the leader' ? 'leader' : 'follower', true);
        if (victim) await freeze(victim);
        return victim !== undefined;
      }
      case 'cut': {
        const victim = chance.of(soak.replicas);
        if (!victim) return false;
        const impaired = begin([victim], 'cut');
        victim.way.cut();
        recover(impaired);
        return true;
      }
      case 'close': {
        const victim = chance.of(soak.replicas);
        if (victim) await close(victim);
        return victim !== undefined;
      }
      case 'API server':
        await down('apiserver');
        return true;
      case 'etcd':
        await down('etcd');
        return true;
      case 'namespace': {
        const team = chance.of(soak.teams);
        if (!team || closing) return false;
        closing = deleteNamespace(soak, team, settings.people).finally(() => {
          closing = undefined;
        });
        background(closing);
        return true;
      }
      case 'keys':
        return soak.keys.damage(soak, chance, background);
      case 'Lease':
        return soak.keys.deleteLease(soak, background);
      case 'rotate':
        return soak.keys.rotate(soak, chance, background);
    }
  }

  while (!soak.over.aborted) {
    await rest(Math.min(CALM, end - performance.now()), soak.over);
    const until = Math.min(end, performance.now() + FAULTS_FOR);
    while (performance.now() < until && !soak.over.aborted) {
      const fault = chance.weighed(WEIGHTS);
      if (!(await inject(fault))) continue;
      soak.tally.count(`fault: ${fault}`);
      await rest(chance.between(LEAST_REST, MOST_REST), soak.over);
    }
    if (performance.now() >= end) break;
    await Promise.all(recovering);
  }
  await Promise.all(recovering);
}
