/** A namespace deleted with all that is in it, and made anew under its name. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceType } from '../../../src/kube/types.ts';
import { AUDIENCE, account, namespaceNamed } from '../serve-support.ts';
import type { People } from './people.ts';
import { believed, isHeldBack, vanished } from './policy-writes.ts';
import { wentWithNamespace } from './revocation-writes.ts';
import type { Slot } from './slots.ts';
import type { Soak, Team } from './soak-types.ts';
import { NOTHING } from './timeline.ts';
import { again, found, insist, toTheEnd } from './write.ts';

const core = (plural: string, namespaced: boolean): ResourceType => ({ group: '', version: 'v1', plural, namespaced });
export const NAMESPACES = core('namespaces', false);
export const ACCOUNTS = core('serviceaccounts', true);
/** Milliseconds in which a namespace is gone, with faults: a leader lets go of a policy after 5 min at the latest. */
const GONE_WITHIN = 360_000;

export async function deleteNamespace(soak: Soak, team: Team, { revocations }: People): Promise<void> {
  const { admin, tally } = soak;
  team.closing = true;
  while (team.writes > 0) await sleep(50);
  const held = new Set<Slot>();
  for (const slot of team.slots) if (slot.policy && (await isHeldBack(soak, slot))) held.add(slot);
  const from = performance.now();
  const why = 'deleted with its namespace';
  const ends = team.slots.map((slot) => {
    const { policy } = slot;
    const change = slot.timeline.begin(NOTHING, why, from);
    if (!policy) return { slot, change };
    const target = { by: 'policy', value: policy.uid, tenant: null, issuedBefore: null } as const;
    const kills = policy.spec.deletionPolicy === 'Revoke';
    return {
      slot,
      change,
      policy,
      killer: kills ? soak.killers.add({ ...target, why: `${slot.name} ${why}` }, from, true) : undefined,
    };
  });
  const gone = [...revocations].filter(({ namespace }) => namespace === team.name);
  for (const one of gone) revocations.delete(one);

  await toTheEnd(
    async () => {
      await admin.delete(NAMESPACES, team.name);
      return true;
    },
    async () => true,
  );
  while (await isThere(soak, team)) {
    if (performance.now() - from > GONE_WITHIN) {
      tally.violate(`namespace ${team.name} is deleted and not gone`, []);
      break;
    }
    await sleep(250);
  }
  const over = performance.now();
  tally.took('a deleted namespace is gone after', over - from);
  for (const one of gone) wentWithNamespace(one, from, over);
  for (const { slot, change, policy, killer } of ends) {
    // A namespace controller that finds a custom kind missing, for its API server has just started, leaves its objects.
    if (policy && (await isLeft(soak, slot, policy.uid))) {
      if (killer) soak.killers.remove(killer);
      change.never();
      tally.count('write: a policy left behind by its namespace');
      continue;
    }
    change.happened(performance.now());
    slot.policy = undefined;
    if (killer) killer.answered = performance.now();
    if (policy) believed(soak, policy, over);
    if (policy && !held.has(slot)) vanished(soak, policy, { from, to: over, stripped: false });
  }

  await insist(() => admin.create(NAMESPACES, namespaceNamed(team.name)));
  for (const slot of team.slots) {
    await insist(() => admin.create(ACCOUNTS, account(team.name, slot.account), team.name));
    await insist(async () => {
      slot.proof = await soak.requests.token(team.name, slot.account, AUDIENCE);
    });
  }
  team.closing = false;
}

async function isLeft({ admin }: Soak, slot: Slot, uid: string): Promise<boolean> {
  const look = async () => {
    const now = await found(admin.get(slot.type, slot.policyName, slot.namespace));
    return now?.metadata.uid === uid && now.metadata.deletionTimestamp === undefined ? true : undefined;
  };
  for (;;) {
    try {
      return ((await look()) ?? (await again(look))) === true;
    } catch {
      await sleep(500);
    }
  }
}

async function isThere({ admin }: Soak, { name }: Team): Promise<boolean> {
  try {
    return (await found(admin.get(NAMESPACES, name))) !== undefined;
  } catch {
    return true;
  }
}
