/** What people do to the policy of a slot, and what is true while they do it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../../src/kube/types.ts';
import { RECOVERED, SETTLE } from './impairments.ts';
import type { Frail, Killer } from './killers.ts';
import { type Policy, type PolicySpec, policyObject, policySpec, type Slot, WRITE, writtenAs } from './slots.ts';
import type { Soak } from './soak-types.ts';
import { NOTHING } from './timeline.ts';
import { found, toTheEnd } from './write.ts';

export const FINALIZER = 'trustmint.dev/revocation';
/** Milliseconds in which a leader of some minutes' age, or the next one, has understood that something is gone. */
export const UNDERSTOOD = 45_000;
/** Milliseconds after which an object that is being deleted should be gone, faults and all: the leader lets go after 5 min. */
const GONE_WITHIN = 330_000;

const given = ({ state, edition }: PolicySpec) => (state === 'Active' ? { edition } : NOTHING);

export async function create(soak: Soak, slot: Slot, spec: PolicySpec): Promise<void> {
  const { admin } = soak;
  const write = soak.nextWrite();
  const madeAt = performance.now();
  const change = slot.timeline.begin({ ...given(spec) }, `created ${describe(spec)}`, madeAt);
  const outcome = await toTheEnd(
    () => admin.create(slot.type, policyObject(slot, spec, write), slot.namespace),
    async () => ours(await found(admin.get(slot.type, slot.policyName, slot.namespace)), write),
  );
  if (!outcome.happened) return change.never();
  const { uid } = outcome.answer.metadata;
  change.happened(performance.now(), uid);
  slot.policy = { uid, spec, madeAt };
  soak.tally.count('write: create');
}

/** Edits a policy that is there. */
export async function edit(soak: Soak, slot: Slot, policy: Policy, changes: Partial<PolicySpec>): Promise<void> {
  const { admin } = soak;
  const write = soak.nextWrite();
  const spec = { ...policy.spec, ...changes };
  const why = `edited: ${JSON.stringify(changes)}`;
  const now = performance.now();
  const change = slot.timeline.begin({ ...given(spec), uid: policy.uid }, why, now);
  const killer = kills(soak, policy.uid, changes, `${slot.name} ${why}`, now);
  const body = { metadata: { annotations: writtenAs(write) }, spec: policySpec(slot, spec) };
  const outcome = await toTheEnd(
    () => admin.patch(slot.type, slot.policyName, slot.namespace, 'merge', body),
    async () => ours(await found(admin.get(slot.type, slot.policyName, slot.namespace)), write),
  );
  if (!outcome.happened) {
    if (killer) soak.killers.remove(killer);
    return change.never();
  }
  const answered = performance.now();
  change.happened(answered, policy.uid);
  if (killer) killer.answered = answered;
  slot.policy = { ...policy, spec, ...(changes.deletionPolicy === 'Drain' && { sparedFrom: now }) };
  soak.tally.count(`write: ${Object.keys(changes).sort().join(' and ')}`);
}

function kills(soak: Soak, uid: string, changes: Partial<PolicySpec>, why: string, now: number): Killer | undefined {
  const before = changes.revokeIssuedBefore;
  if (changes.state !== 'Revoked' && before === undefined) return undefined;
  const issuedBefore = changes.state === 'Revoked' || before === undefined ? null : Date.parse(before) / 1000;
  return soak.killers.add({ by: 'policy', value: uid, tenant: null, issuedBefore, why }, now);
}

/** Takes the operator's finalizer off, as a person might who is in a hurry. */
export async function strip(soak: Soak, slot: Slot): Promise<void> {
  const { admin } = soak;
  slot.timeline.tell(performance.now(), 'finalizers stripped by hand');
  const body = { metadata: { finalizers: null } };
  const patch = () => admin.patch(slot.type, slot.policyName, slot.namespace, 'merge', body);
  await toTheEnd(patch, async () => ({}) as KubeObject);
  soak.tally.count('write: strip finalizers');
}

/** Deletes it and waits until it is gone. `stripped`: its finalizers are taken off at once. */
export async function remove(soak: Soak, slot: Slot, policy: Policy, stripped: boolean): Promise<void> {
  const { admin, killers, tally } = soak;
  const { uid, spec, madeAt } = policy;
  const look = async () => {
    const now = await found(admin.get(slot.type, slot.policyName, slot.namespace));
    return now?.metadata.uid === uid && now.metadata.deletionTimestamp === undefined ? undefined : true;
  };
  if (stripped) await strip(soak, slot);
  const now = performance.now();
  const why = `deleted${stripped ? ', stripped' : ''}, ${spec.deletionPolicy}`;
  const change = slot.timeline.begin(NOTHING, why, now);
  const killer =
    spec.deletionPolicy === 'Revoke'
      ? killers.add({ by: 'policy', value: uid, tenant: null, issuedBefore: null, why: `${slot.name} ${why}` }, now)
      : undefined;
  const outcome = await toTheEnd(
    async () => {
      await admin.delete(slot.type, slot.policyName, slot.namespace, { uid });
      return true;
    },
    async () => await look(),
  );
  if (!outcome.happened && (await insistent(look)) === undefined) {
    if (killer) killers.remove(killer);
    return change.never();
  }
  const answered = performance.now();
  change.happened(answered);
  if (killer) killer.answered = answered;
  slot.policy = undefined;
  tally.count(`write: delete${stripped ? ' stripped' : ''}`);
  believed(soak, policy, answered);
  if (stripped) {
    becomeFrail(soak, uid, { from: now - UNDERSTOOD, to: answered + UNDERSTOOD, by: 'kill' });
    for (const one of killers.by('policy', uid)) {
      // What was written before is kept by now, whoever leads; what was not may never have been seen.
      if (one.from > now - RECOVERED)
        one.frail = [...one.frail, { from: one.from, to: answered + SETTLE, by: undefined }];
    }
  }
  if (answered - madeAt < UNDERSTOOD)
    becomeFrail(soak, uid, { from: madeAt, to: answered + UNDERSTOOD, by: undefined });
  await gone(soak, slot, uid, answered);
}

/** Who never saw that a policy's deletion was to kill no more takes what it gave for dead: in doubt more dies. */
export function believed({ killers }: Soak, { uid, sparedFrom }: Policy, gone: number): void {
  if (sparedFrom === undefined) return;
  const why = 'what a replica believes that missed an edit';
  const killer = killers.add({ by: 'policy', value: uid, tenant: null, issuedBefore: null, why }, sparedFrom);
  killer.onlyIf = { from: sparedFrom, to: gone + UNDERSTOOD };
}

/** What killed by this policy is certain only as far as replicas saw it and remember. */
export function becomeFrail({ killers }: Soak, uid: string, frail: Frail): void {
  for (const killer of killers.by('policy', uid)) killer.frail = [...killer.frail, frail];
}

async function gone(soak: Soak, slot: Slot, uid: string, since: number): Promise<void> {
  const there = async () =>
    (await found(soak.admin.get(slot.type, slot.policyName, slot.namespace)))?.metadata.uid === uid ? true : undefined;
  while (await insistent(there)) {
    if (performance.now() - since > GONE_WITHIN) {
      soak.tally.violate(`${slot.name}: its policy is deleted and not gone`, slot.timeline.story());
      return;
    }
    await sleep(250);
  }
  soak.tally.took('a deleted policy is gone after', performance.now() - since);
  slot.timeline.tell(performance.now(), 'gone');
}

/** Reads until it can be read. */
async function insistent<T>(read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch {
      await sleep(500);
    }
  }
}

function ours(object: KubeObject | undefined, write: number): KubeObject | undefined {
  return object?.metadata.annotations?.[WRITE] === String(write) ? object : undefined;
}

function describe({ state, edition, deletionPolicy }: PolicySpec): string {
  return `${state}, edition ${edition}, ${deletionPolicy}`;
}
