/** How keys move from `next` to `active` to `retired` and out: functions of the ring and the time alone. */
import { KEY_BYTES } from './derivation.ts';
import { KeyRingError } from './errors.ts';
import type { MakeJwtKeys } from './jwt-keys.ts';
import { Secret } from './secret.ts';
import type { KeyChange, StoredKey, StoredKeyRing } from './types.ts';

/** Keys that are kept, beyond which none is made on demand. The schedule, at most every 2 h, stays below MAX_KEYS. */
const MAX_ON_DEMAND = 40;

/** All in seconds. */
export interface RotationTimes {
  /** How long a key is published before it signs. */
  readonly lead: number;
  /** How long an active key signs before the next one takes over. */
  readonly rotateEvery: number;
  /** How long a retired key is kept: until the last token that it signed is dead by every clock. */
  readonly keep: number;
}

export type Random = (n: number) => Uint8Array;

/** Where new keys come from. */
export interface KeySource {
  readonly random: Random;
  readonly makeJwtKeys: MakeJwtKeys;
}

export interface Step {
  readonly ring: StoredKeyRing;
  /** Empty: the ring is unchanged. */
  readonly changes: readonly KeyChange[];
}

function randomId(random: Random): string {
  return Buffer.from(random(8)).toString('base64url');
}

async function newKey(
  state: 'next' | 'active',
  now: number,
  { random, makeJwtKeys }: KeySource,
  taken: readonly StoredKey[],
): Promise<StoredKey> {
  let kid = randomId(random);
  while (taken.some((k) => k.kid === kid)) kid = randomId(random);
  const master = new Secret(Uint8Array.from(random(KEY_BYTES)));
  const activatedAt = state === 'active' ? now : null;
  return { kid, state, createdAt: now, activatedAt, retiredAt: null, master, jwt: await makeJwtKeys() };
}

/** The first ring: one key, active at once, for nobody can hold an older one. */
export async function firstRing(now: number, source: KeySource): Promise<StoredKeyRing> {
  return { id: randomId(source.random), revision: 1, keys: [await newKey('active', now, source, [])] };
}

export function keyIn(ring: StoredKeyRing, state: 'next' | 'active'): StoredKey | undefined {
  return ring.keys.find((k) => k.state === state);
}

function step(ring: StoredKeyRing, keys: readonly StoredKey[], changes: readonly KeyChange[]): Step {
  return { ring: changes.length === 0 ? ring : { ...ring, revision: ring.revision + 1, keys }, changes };
}

/** @throws KeyRingError keys_full where no further key should be made on demand */
export function withRoom(ring: StoredKeyRing): StoredKeyRing {
  const { length } = ring.keys;
  if (length < MAX_ON_DEMAND || keyIn(ring, 'next')) return ring;
  throw new KeyRingError('keys_full', `${length} keys are kept, each as long as its tokens live: wait until one goes`);
}

/** Adds a `next` key, if there is none. */
export async function publish(ring: StoredKeyRing, now: number, source: KeySource): Promise<Step> {
  if (keyIn(ring, 'next')) return step(ring, ring.keys, []);
  const key = await newKey('next', now, source, ring.keys);
  return step(ring, [...ring.keys, key], [{ action: 'published', kid: key.kid }]);
}

/** Lets the `next` key sign and retires the one that did. */
export function promote(ring: StoredKeyRing, now: number): Step {
  if (!keyIn(ring, 'next')) return step(ring, ring.keys, []);
  const changes: KeyChange[] = [];
  const keys = ring.keys.map((k): StoredKey => {
    if (k.state === 'retired') return k;
    changes.push({ action: k.state === 'next' ? 'promoted' : 'retired', kid: k.kid });
    return k.state === 'next'
      ? { ...k, state: 'active', activatedAt: now }
      : { ...k, state: 'retired', retiredAt: now };
  });
  return step(ring, keys, changes);
}

/** When the `next` key may sign: every verifier that asks as often as it should has it by then. */
export function promotesAt(key: StoredKey, times: RotationTimes): number {
  return key.createdAt + times.lead;
}

/** When a retired key goes: the last token that it signed has expired. */
export function removedAt(key: StoredKey, times: RotationTimes): number | undefined {
  return key.retiredAt === null ? undefined : key.retiredAt + times.keep;
}

/**
 * What is due at `now`: a published key that has waited signs, retired keys whose tokens have all expired go, and the
 * next key is published one lead before the active one's time is over.
 *
 * @param mayPromote whether the `next` key has been published long enough
 */
export async function advance(
  ring: StoredKeyRing,
  now: number,
  times: RotationTimes,
  source: KeySource,
  mayPromote: (next: StoredKey) => boolean,
): Promise<Step> {
  let current = ring;
  const changes: KeyChange[] = [];
  const take = (s: Step) => {
    current = s.ring;
    changes.push(...s.changes);
  };

  const next = keyIn(current, 'next');
  if (next && mayPromote(next)) take(promote(current, now));

  const gone = current.keys.filter((k) => now > (removedAt(k, times) ?? Number.POSITIVE_INFINITY));
  const kept = current.keys.filter((k) => !gone.includes(k));
  take(
    step(
      current,
      kept,
      gone.map((k) => ({ action: 'removed', kid: k.kid })),
    ),
  );

  const active = keyIn(current, 'active')!;
  if (now >= active.activatedAt! + times.rotateEvery - times.lead) take(await publish(current, now, source));
  return { ring: changes.length === 0 ? ring : { ...current, revision: ring.revision + 1 }, changes };
}
