/** The keys of a mint in a cluster: read from the leader's summary, rotated by asking it. Nobody reads the Secret. */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import type { KeyView } from '../keyring/index.ts';
import type { LeaseNotes } from '../kube/index.ts';
import { LEASE, leaseNotes, readSummary, requestRotation } from '../operator/index.ts';
import { refusedByCluster, withCluster } from './cluster.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { CliError } from './errors.ts';

interface Place extends ClusterFlags {
  readonly namespace?: string | undefined;
}

export async function keysOfCluster(place: Place): Promise<readonly KeyView[]> {
  return await withNotes(place, 'get', async (notes, where) => {
    const found = await notes.read();
    if (!found) throw noLease(where);
    const keys = readSummary(found.annotations);
    if (!keys) throw new CliError('no_summary', `${where}: no leader has written how the keys are`);
    return keys;
  });
}

/** Asks, and waits until a leader has done it. */
export async function rotateInCluster(place: Place & { readonly now: boolean }): Promise<readonly KeyView[]> {
  return await withNotes(place, 'get and patch', async (notes, where) => {
    const { now } = place;
    const answer = await requestRotation({ notes, clock: systemClock, pause: (ms) => sleep(ms), now });
    if ('keys' in answer) return answer.keys;
    if (answer.failed === 'no_lease') throw noLease(where);
    if (answer.failed === 'full') {
      throw new CliError(
        'keys_full',
        'too many keys are kept, each as long as its tokens live: wait until one goes (trustmint keys list)',
      );
    }
    const who = answer.holder === undefined ? 'nobody leads' : `${answer.holder} was the last that led`;
    throw new CliError(
      'not_answered',
      `${where}: no leader has done it in time (${who}), and the request is withdrawn: is a replica running?`,
    );
  });
}

async function withNotes<T>(
  { namespace: given, ...cluster }: Place,
  verb: string,
  run: (notes: LeaseNotes, where: string) => Promise<T>,
): Promise<T> {
  return await withCluster(cluster, async ({ client, namespace }) => {
    const operators = given ?? namespace;
    if (operators === undefined) throw new CliError('usage', "say with -n which namespace is the operator's own");
    try {
      return await run(leaseNotes({ client, namespace: operators }), `Lease ${operators}/${LEASE}`);
    } catch (error) {
      throw refusedByCluster(error, verb, `Lease ${LEASE} in namespace ${operators}`, 'there is no such Lease');
    }
  });
}

function noLease(where: string): CliError {
  return new CliError(
    'no_lease',
    `there is no ${where}: no replica ever ran in that namespace; say with -n which it is`,
  );
}
