/** TokenRevocations that people make, and take back. */
import type { KubeObject } from '../../../src/kube/types.ts';
import { TYPES } from '../bad-days/world.ts';
import { OPERATOR } from '../cluster/index.ts';
import type { Killer, Target } from './killers.ts';
import { ROBOTS, WRITE, writtenAs } from './slots.ts';
import type { Soak, Team } from './soak-types.ts';
import type { Remembered } from './tokens.ts';
import { found, toTheEnd } from './write.ts';

/** A TokenRevocation that is there. */
export interface Revocation {
  readonly namespace: string;
  readonly name: string;
  /** Absent: it is of another tenant's namespace, and kills nothing. */
  readonly killer?: Killer;
}

const ISSUED_BEFORE = 0.2;
const TARGETS = [
  ['token', 35],
  ['derivedFrom', 30],
  ['grant', 20],
  ['policy', 15],
] as const satisfies readonly (readonly [Target, number])[];

const values: Record<Target, (one: Remembered) => string> = {
  token: ({ facts }) => facts.jti,
  derivedFrom: ({ facts }) => facts.digests.at(-1) ?? '',
  grant: ({ facts }) => facts.gid,
  policy: ({ facts }) => facts.pol,
};

/** Where it is written decides whose tokens it may kill. @returns undefined: it was not made */
export async function revoke(soak: Soak, one: Remembered, team: Team | undefined): Promise<Revocation | undefined> {
  const { admin, chance, killers } = soak;
  const by = chance.weighed(TARGETS);
  const value = values[by](one);
  const write = soak.nextWrite();
  const namespace = team?.name ?? OPERATOR.namespace;
  const name = `r-${write}`;
  const now = performance.now();
  const before = chance.is(ISSUED_BEFORE) ? Math.floor(Date.now() / 1000) : null;
  const why = `TokenRevocation ${namespace}/${name} ${by} ${value}${before === null ? '' : ` up to ${before}`}`;
  const isForeign = team !== undefined && team.name !== one.facts.tenant;
  const tenant = team?.name ?? null;
  const killer = isForeign ? undefined : killers.add({ by, value, tenant, issuedBefore: before, why }, now);
  const object = {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TokenRevocation',
    metadata: { name, namespace, annotations: writtenAs(write) },
    spec: { [by]: value, ...(before !== null && { issuedBefore: timeOf(before) }), reason: 'soak' },
  };
  const outcome = await toTheEnd(
    () => admin.create(TYPES.TokenRevocation, object, namespace),
    async () => ours(await found(admin.get(TYPES.TokenRevocation, name, namespace)), write),
  );
  if (!outcome.happened) {
    if (killer) killers.remove(killer);
    return undefined;
  }
  if (killer) killer.answered = performance.now();
  soak.tally.count(`write: TokenRevocation ${by}${isForeign ? " of another tenant's token" : ''}`);
  return { namespace, name, ...(killer && { killer }) };
}

/** Takes one back. @returns whether it is gone */
export async function undo(soak: Soak, { namespace, name, killer }: Revocation): Promise<boolean> {
  const { admin, tally } = soak;
  if (killer) killer.undoFrom = performance.now();
  const outcome = await toTheEnd(
    async () => {
      await admin.delete(TYPES.TokenRevocation, name, namespace);
      return true;
    },
    async () => ((await found(admin.get(TYPES.TokenRevocation, name, namespace))) ? undefined : true),
  );
  if (outcome.happened) {
    if (killer) killer.undone = performance.now();
    tally.count('write: undo a TokenRevocation');
  } else if (killer) killer.undoFrom = Number.POSITIVE_INFINITY;
  return outcome.happened;
}

/** It went with its namespace: what it killed stays dead. */
export function wentWithNamespace({ killer }: Revocation, from: number, gone: number): void {
  if (!killer) return;
  const due = Number.POSITIVE_INFINITY;
  killer.vanished = { mayBeTakenBack: true, told: killer.answered, due, from, to: gone };
}

/** A robot has no namespace. */
export const isRobots = ({ facts }: Remembered) => facts.tenant === ROBOTS;

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function ours(object: KubeObject | undefined, write: number): KubeObject | undefined {
  return object?.metadata.annotations?.[WRITE] === String(write) ? object : undefined;
}
