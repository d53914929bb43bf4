/**
 * What killed, and is gone without a leader's finalizer: who still knows of it. The leader keeps it by a TokenRevocation;
 * what it did not see, any replica that did, a while later. What nobody saw nobody knows.
 */
import { type Impairments, SETTLE } from './impairments.ts';

/** Milliseconds in which a leader, or the next one after a Lease's 15 s, has written what is to be written of what it sees. */
export const LED = 25_000;
/** Milliseconds after which a replica that does not lead has kept what it saw: 10 s that are the leader's, and a second try. */
export const KEPT = 20_000;

export interface Vanished {
  /** Who sees only that it is gone cannot know whether it was taken back, or edited to kill no more. */
  readonly mayBeTakenBack: boolean;
  /** When the API server answered that it kills, or will when it goes. */
  readonly told: number;
  /** Since when a leader that sees it had something to write: a TokenRevocation, or the finalizer. Infinity: nothing. */
  readonly due: number;
  /** Its deletion, from the question to the answer; with its namespace: until that was gone. */
  readonly from: number;
  readonly to: number;
}

/**
 * When a replica has to know that what it killed is dead.
 *
 * @param answered when it was answered that it kills
 * @param asked when the replica is asked
 * @param replicas how many there are
 * @returns Infinity where nobody can be sure
 */
export function deadBy(
  one: Vanished,
  answered: number,
  { replica, asked, replicas = 3 }: { readonly replica: number; readonly asked: number; readonly replicas?: number },
  impairments: Impairments,
): number {
  const all = Array.from({ length: replicas }, (_, index) => index);
  const settled = impairments.settledBy(replica, answered);
  if (all.every((each) => impairments.quietBy(each, one.due, LED) < one.from)) return settled;

  const saw = (each: number) => impairments.settledBy(each, one.told) < one.from;
  const forgot = (each: number, until: number) =>
    impairments.during(each, one.told, until).some(({ why }) => why === 'kill');
  const kept = (each: number) => impairments.quietBy(each, one.to, KEPT);
  // What a replica did not see go may have been taken back, for all that it knows: the leader's to say.
  const allKnow = all.every((each) => saw(each) && !forgot(each, kept(each)));
  const sawItGo = (each: number) =>
    !one.mayBeTakenBack || allKnow || impairments.during(each, one.from, one.to + SETTLE).length === 0;
  const keepers = all.filter((each) => saw(each) && sawItGo(each) && !forgot(each, kept(each)));
  if (keepers.length > 0 && saw(replica) && !forgot(replica, asked)) return settled;
  return Math.min(...keepers.map((each) => impairments.settledBy(replica, kept(each))));
}
