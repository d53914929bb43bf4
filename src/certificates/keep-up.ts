/** Which certificates there should be, given those that there are, the names and the time. */
import { BACKDATED, LEAF_LIFE } from './issue.ts';
import { permits } from './scope.ts';
import type { Authority, Certificates, Leaf, Maker } from './types.ts';

const YEAR = 365 * 24 * 3_600_000;

/** The next CA is published so long before it signs: whoever has looked at the bundle since then will trust it. */
export const PUBLISHED_BEFORE = YEAR;
/** Then the old one has still a year to live: no leaf of its outlives it, and it stays published until its end. */
const NEXT_IS_MADE_BEFORE_END = 2 * YEAR;
/** Of its life, when a leaf is renewed: the last third is for outages. */
const RENEWED_AT = 2 / 3;
/** The names of former versions go with the next renewal; but there must be an end to them. */
const MAX_NAMES = 64;
/** Each name of another kind makes one: the newest of them are kept. */
const MAX_AUTHORITIES = 8;
/** Milliseconds in which the ConfigMaps are filled, and kubelets bring them to the pods that mount them. */
const KNOWN_AFTER = 3_600_000;

export interface Wanted {
  /** The DNS names by which callers know this server; in lower case, at least one. */
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
  readonly make: Maker;
}

/** @returns the very leaf and authorities that are held where nothing is due */
export async function keepUp(held: Certificates, { names, now, make }: Wanted): Promise<Required<Certificates>> {
  const living = held.authorities.filter(({ until }) => until > now).slice(-MAX_AUTHORITIES);
  const leaf = held.leaf && isSound(held.leaf, living, now) ? held.leaf : undefined;
  // Replicas of the version before still want its names: a leaf that lacked them would be replaced by theirs, and so on.
  const both = [...names, ...(leaf?.names ?? []).filter((name) => !names.includes(name))];
  const asked = both.length > MAX_NAMES ? names : both;
  const newest = oldestFirst(living).at(-1);
  const due = !newest || newest.until - now <= NEXT_IS_MADE_BEFORE_END;
  const authorities = due ? [...living, await make.authority(asked, now)] : [...living];
  if (leaf && names.every((name) => leaf.names.includes(name))) return { authorities, leaf };

  const able = await those(authorities, (one) => permits(one, asked));
  if (able.length === 0) authorities.push(await make.authority(asked, now));
  const by = signer(able.length > 0 ? able : authorities.slice(-1), now);
  // Of a CA that nobody knows yet: until they do, the names that are new have to wait, and those that are not go on.
  if (leaf && !isBy(leaf, by) && now - (by.from + BACKDATED) < KNOWN_AFTER) return { authorities, leaf };
  return { authorities, leaf: await make.leaf(by, asked, now) };
}

async function those(authorities: readonly Authority[], test: (one: Authority) => Promise<boolean>) {
  const passed = await Promise.all(authorities.map((one) => one.key !== undefined && test(one)));
  return authorities.filter((_, i) => passed[i]);
}

/** When it should be replaced, in epoch milliseconds. */
export function renewalOf({ from, until }: Pick<Leaf, 'from' | 'until'>): number {
  return from + (until - from) * RENEWED_AT;
}

/** One of a clock that was ahead is no worse for that: by a clock that is behind nothing is renewed. */
function isSound(leaf: Leaf, authorities: readonly Authority[], now: number): boolean {
  return now < renewalOf(leaf) && authorities.some((one) => isBy(leaf, one));
}

function isBy(leaf: Leaf, { certificate }: Authority): boolean {
  return leaf.certificate.checkIssued(certificate) && leaf.certificate.verify(certificate.publicKey);
}

/** The newest that has been published for long enough; if none has, one that clients know rather than one that they do not. */
function signer(authorities: readonly Authority[], now: number): Authority {
  const able = oldestFirst(authorities);
  const known = able.findLast(({ from }) => now - (from + BACKDATED) >= PUBLISHED_BEFORE);
  return known ?? able.find(({ until }) => until - now >= LEAF_LIFE) ?? able.at(-1)!;
}

/** Those that can sign. */
function oldestFirst(authorities: readonly Authority[]): Authority[] {
  return authorities.filter(({ key }) => key !== undefined).toSorted((a, b) => a.from - b.from);
}
