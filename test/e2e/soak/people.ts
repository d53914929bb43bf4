/** People at work: they write policies and revocations as they please, several at a time. */
import { rest } from './gate.ts';
import { create, edit, remove, strip } from './policy-writes.ts';
import { isRobots, type Revocation, revoke, undo } from './revocation-writes.ts';
import type { Policy, PolicySpec, Slot } from './slots.ts';
import type { Soak, Team } from './soak-types.ts';

const PEOPLE = 4;
/** Milliseconds between two writes of one person. */
const LEAST_REST = 300;
const MOST_REST = 1_500;
/** TokenRevocations there are at most: more are taken back. */
const MOST_REVOCATIONS = 80;
/** How much of their work is about policies; the rest is about tokens. */
const POLICIES = 0.7;

export interface People {
  /** Those that are there, as far as people made them. */
  readonly revocations: Set<Revocation>;
  /** Resolves when everybody has gone home. */
  readonly done: Promise<unknown>;
}

export function startPeople(soak: Soak): People {
  const revocations = new Set<Revocation>();
  const work = async () => {
    while (!soak.over.aborted) {
      await soak.gate.pass();
      if (soak.chance.is(POLICIES)) await onPolicies(soak);
      else await onTokens(soak, revocations);
      await rest(soak.chance.between(LEAST_REST, MOST_REST), soak.over);
    }
  };
  return { revocations, done: Promise.all(Array.from({ length: PEOPLE }, work)) };
}

const teamOf = ({ teams }: Soak, slot: Slot) => teams.find(({ name }) => name === slot.namespace);

async function onPolicies(soak: Soak): Promise<void> {
  const free = soak.slots.filter((slot) => !slot.busy && !teamOf(soak, slot)?.closing);
  const slot = soak.chance.of(free);
  if (!slot) return;
  const team = teamOf(soak, slot);
  slot.busy = true;
  if (team) team.writes += 1;
  try {
    if (slot.policy) await change(soak, slot, slot.policy);
    else await create(soak, slot, fresh(soak));
  } finally {
    slot.busy = false;
    if (team) team.writes -= 1;
  }
}

function fresh({ chance, nextWrite }: Soak): PolicySpec {
  return {
    edition: nextWrite(),
    state: chance.is(0.9) ? 'Active' : 'Suspended',
    deletionPolicy: chance.is(0.5) ? 'Revoke' : 'Drain',
  };
}

async function change(soak: Soak, slot: Slot, policy: Policy): Promise<void> {
  const { state } = policy.spec;
  const isRevoked = state === 'Revoked';
  const editable = isRevoked ? 0 : 1;
  const what = soak.chance.weighed([
    ['edition', 30 * editable],
    ['state', (state === 'Suspended' ? 60 : 12) * editable],
    ['revoke', 8 * editable],
    ['before', 15 * editable],
    ['policy', 4],
    ['delete', 14],
    ['strip', 4],
    ['strip and delete', 4],
  ] as const);
  switch (what) {
    case 'edition':
      return await edit(soak, slot, policy, { edition: soak.nextWrite() });
    case 'state':
      return await edit(soak, slot, policy, { state: state === 'Active' ? 'Suspended' : 'Active' });
    case 'revoke':
      return await edit(soak, slot, policy, { state: 'Revoked' });
    case 'before':
      return await edit(soak, slot, policy, { revokeIssuedBefore: now() });
    case 'policy': {
      const deletionPolicy = policy.spec.deletionPolicy === 'Drain' ? 'Revoke' : 'Drain';
      return await edit(soak, slot, policy, { deletionPolicy });
    }
    case 'strip':
      return await strip(soak, slot);
    default: {
      await remove(soak, slot, policy, what === 'strip and delete');
      // In the same second as the old one went, sometimes.
      if (soak.chance.is(0.4) && !teamOf(soak, slot)?.closing) await create(soak, slot, fresh(soak));
    }
  }
}

const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

async function onTokens(soak: Soak, revocations: Set<Revocation>): Promise<void> {
  const { chance } = soak;
  if (revocations.size > 0 && (revocations.size >= MOST_REVOCATIONS || chance.is(0.35))) {
    const [one] = [chance.of([...revocations])];
    const team = soak.teams.find(({ name }) => name === one?.namespace);
    if (!one || team?.closing) return;
    revocations.delete(one);
    if (!(await within(team, () => undo(soak, one)))) revocations.add(one);
    return;
  }
  const token = soak.tokens.one();
  if (!token) return;
  const team = where(soak, isRobots(token) ? undefined : token.facts.tenant);
  if (team?.closing) return;
  const made = await within(team, () => revoke(soak, token, team));
  if (made) revocations.add(made);
}

/** The operator's namespace, the tenant's, or, sometimes, one that has no say. */
function where({ chance, teams }: Soak, tenant: string | undefined): Team | undefined {
  const kind = chance.weighed([
    ['operator', 50],
    ['own', 35],
    ['foreign', 15],
  ] as const);
  if (kind === 'own') return teams.find(({ name }) => name === tenant);
  return kind === 'foreign' ? chance.of(teams.filter(({ name }) => name !== tenant)) : undefined;
}

async function within<T>(team: Team | undefined, work: () => Promise<T>): Promise<T> {
  if (team) team.writes += 1;
  try {
    return await work();
  } finally {
    if (team) team.writes -= 1;
  }
}
