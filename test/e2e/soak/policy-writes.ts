/** What people do to the policy of a slot, and what is true while they do it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../../src/kube/types.ts';
import type { Killer } from './killers.ts';
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
  const change = slot.timeline.begin({ ...given(spec) }, `created ${describe(spec)}`, performance.now());
  const outcome = await toTheEnd(
    () => admin.create(slot.type, policyObject(slot, spec, write), slot.namespace),
    async () => ours(await found(admin.get(slot.type, slot.policyName, slot.namespace)), write),
  );
  if (!outcome.happened) return change.never();
  const { uid } = outcome.answer.metadata;
  change.happened(performance.now(), uid);
  const made = performance.now();
  slot.policy = { uid, spec, bareSince: made, willKillSince: made };
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
  slot.policy = {
    ...policy,
    spec,
    ...(changes.deletionPolicy === 'Drain' && { sparedFrom: now }),
    ...(changes.deletionPolicy === 'Revoke' && { willKillSince: answered }),
  };
  soak.tally.count(`write: ${Object.keys(changes).sort().join(' and ')}`);
}

function kills(soak: Soak, uid: string, changes: Partial<PolicySpec>, why: string, now: number): Killer | undefined {
  const before = changes.revokeIssuedBefore;
  if (changes.state !== 'Revoked' && before === undefined) return undefined;
  const issuedBefore = changes.state === 'Revoked' || before === undefined ? null : Date.parse(before) / 1000;
  return soak.killers.add({ by: 'policy', value: uid, tenant: null, issuedBefore, why }, now, true);
}

/** Takes the operator's finalizer off, as a person might who is in a hurry. */
export async function strip(soak: Soak, slot: Slot): Promise<void> {
  const { admin } = soak;
  slot.timeline.tell(performance.now(), 'finalizers stripped by hand');
  const body = { metadata: { finalizers: null } };
  const patch = () => admin.patch(slot.type, slot.policyName, slot.namespace, 'merge', body);
  await toTheEnd(patch, async () => ({}) as KubeObject);
  if (slot.policy) slot.policy = { ...slot.policy, bareSince: performance.now() };
  soak.tally.count('write: strip finalizers');
}

/** Deletes it and waits until it is gone. `stripped`: its finalizers are taken off at once. */
export async function remove(soak: Soak, slot: Slot, policy: Policy, stripped: boolean): Promise<void> {
  const { admin, killers, tally } = soak;
  const { uid, spec } = policy;
  const look = async () => {
    const now = await found(admin.get(slot.type, slot.policyName, slot.namespace));
    return now?.metadata.uid === uid && now.metadata.deletionTimestamp === undefined ? undefined : true;
  };
  if (stripped) await strip(soak, slot);
  const isHeld = !stripped && (await isHeldBack(soak, slot));
  const now = performance.now();
  const why = `deleted${stripped ? ', stripped' : ''}, ${spec.deletionPolicy}`;
  const change = slot.timeline.begin(NOTHING, why, now);
  const killer =
    spec.deletionPolicy === 'Revoke'
      ? killers.add(
          { by: 'policy', value: uid, tenant: null, issuedBefore: null, why: `${slot.name} ${why}` },
          now,
          true,
        )
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
  if (!isHeld) vanished(soak, policy, { from: now, to: answered, stripped });
  await gone(soak, slot, uid, answered);
}

/** Who never saw that a policy's deletion was to kill no more takes what it gave for dead: in doubt more dies. */
export function believed({ killers }: Soak, { uid, sparedFrom }: Policy, gone: number): void {
  if (sparedFrom === undefined) return;
  const why = 'what a replica believes that missed an edit';
  const killer = killers.add({ by: 'policy', value: uid, tenant: null, issuedBefore: null, why }, sparedFrom);
  killer.onlyIf = { from: sparedFrom, to: gone + UNDERSTOOD };
}

/** It went, and nothing held it: what killed by it is known to whoever saw that it did, or would. */
export function vanished(
  { killers }: Soak,
  { uid, bareSince, willKillSince }: Policy,
  { from, to, stripped }: { readonly from: number; readonly to: number; readonly stripped: boolean },
): void {
  for (const one of killers.by('policy', uid)) {
    if (!one.isPolicys || one.onlyIf) continue;
    const isByDeletion = one.from >= from;
    const told = isByDeletion ? willKillSince : one.answered;
    const due = !isByDeletion ? one.answered : stripped ? Number.POSITIVE_INFINITY : Math.max(told, bareSince);
    one.vanished = { mayBeTakenBack: isByDeletion, told, due, from, to };
  }
}

/** Whether the operator's finalizer is on it: then it cannot go before a leader has seen to it. */
export async function isHeldBack({ admin }: Soak, slot: Slot): Promise<boolean> {
  const now = await found(admin.get(slot.type, slot.policyName, slot.namespace)).catch(() => undefined);
  return now?.metadata.finalizers?.includes(FINALIZER) ?? false;
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
