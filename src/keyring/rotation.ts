/** How keys move from `next` to `active` to `retired` and out: pure functions of the ring and the time. */
import { KEY_BYTES } from './derivation.ts';
import { Secret } from './secret.ts';
import type { KeyChange, StoredKey, StoredKeyRing } from './types.ts';

/** All in seconds. */
export interface RotationTimes {
  /** How long a key is published before it signs. */
  readonly lead: number;
  /** How long an active key signs before the next one takes over. */
  readonly rotateEvery: number;
  /** How long a retired key is kept: the longest that a token may live. */
  readonly maxTtl: number;
}

export type Random = (n: number) => Uint8Array;

export interface Step {
  readonly ring: StoredKeyRing;
  /** Empty: the ring is unchanged. */
  readonly changes: readonly KeyChange[];
}

function randomId(random: Random): string {
  return Buffer.from(random(8)).toString('base64url');
}

function newKey(state: 'next' | 'active', now: number, random: Random, taken: readonly StoredKey[]): StoredKey {
  let kid = randomId(random);
  while (taken.some((k) => k.kid === kid)) kid = randomId(random);
  const master = new Secret(Uint8Array.from(random(KEY_BYTES)));
  const activatedAt = state === 'active' ? now : null;
  return { kid, state, createdAt: now, activatedAt, retiredAt: null, master, jwt: new Map() };
}

/** The first ring: one key, active at once, for nobody can hold an older one. */
export function firstRing(now: number, random: Random): StoredKeyRing {
  return { id: randomId(random), revision: 1, keys: [newKey('active', now, random, [])] };
}

export function keyIn(ring: StoredKeyRing, state: 'next' | 'active'): StoredKey | undefined {
  return ring.keys.find((k) => k.state === state);
}

function step(ring: StoredKeyRing, keys: readonly StoredKey[], changes: readonly KeyChange[]): Step {
  return { ring: changes.length === 0 ? ring : { ...ring, revision: ring.revision + 1, keys }, changes };
}

/** Adds a `next` key, if there is none. */
export function publish(ring: StoredKeyRing, now: number, random: Random): Step {
  if (keyIn(ring, 'next')) return step(ring, ring.keys, []);
  const key = newKey('next', now, random, ring.keys);
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
  return key.retiredAt === null ? undefined : key.retiredAt + times.maxTtl;
}

/**
 * What is due at `now`: a published key whose lead has passed signs, retired keys whose tokens have all expired go,
 * and the next key is published one lead before the active one's time is over.
 */
export function advance(ring: StoredKeyRing, now: number, times: RotationTimes, random: Random): Step {
  let current = ring;
  const changes: KeyChange[] = [];
  const take = (s: Step) => {
    current = s.ring;
    changes.push(...s.changes);
  };

  const next = keyIn(current, 'next');
  if (next && now >= promotesAt(next, times)) take(promote(current, now));

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
  if (now >= active.activatedAt! + times.rotateEvery - times.lead) take(publish(current, now, random));
  return { ring: changes.length === 0 ? ring : { ...current, revision: ring.revision + 1 }, changes };
}
