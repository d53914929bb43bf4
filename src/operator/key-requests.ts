/** What people ask of the keys, and what they are told of them: notes on the operator's Lease, never the Secret. */
import type { Clock } from '../clock.ts';
import { type KeyRing, KeyRingError, type KeyView } from '../keyring/index.ts';
import { KubeApiError, LeaseNotes, type LeaseNotesOptions } from '../kube/index.ts';
import { member, text as textOf } from './errors.ts';
import { LEASE } from './key-secret.ts';

/** A request to rotate: a time, and `now` after it. The leader takes it off when it is carried out. */
export const ROTATE_KEYS = 'trustmint.dev/rotate-keys';
/** The last request that was refused, for there are too many keys. */
const REFUSED = 'trustmint.dev/rotate-keys-refused';
/** The leader's summary of the keys, as JSON: nothing of it is secret. */
export const KEYS_SUMMARY = 'trustmint.dev/keys';

/** Milliseconds between two looks at the Secret, of every replica. */
export const LOOK_EVERY = 10_000;
/** Seconds in which every replica has looked three times, whatever it was doing when a key was published. */
const READ_BY_ALL = (4 * LOOK_EVERY) / 1000;

const KID = /^[A-Za-z0-9_-]{1,64}$/;
/** NumericDate of the year 10000: a later one is no date. */
const LATEST = 253_402_300_800;
const STATES = ['next', 'active', 'retired'] as const;

export const leaseNotes = (options: Omit<LeaseNotesOptions, 'name'>) => new LeaseNotes({ ...options, name: LEASE });

/** The keys by the leader's last summary; undefined where there is none that can be read. */
export function readSummary(annotations: Readonly<Record<string, string>>): KeyView[] | undefined {
  const text = noteIn(annotations, KEYS_SUMMARY);
  let summary: unknown;
  try {
    summary = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  const keys = Array.isArray(summary) ? summary.map(readView) : [undefined];
  return keys.includes(undefined) ? undefined : (keys as KeyView[]);
}

function noteIn(annotations: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(annotations, name) ? annotations[name] : undefined;
}

/** Whoever may write the Lease may have written this, and it is printed for people. */
function readView(value: unknown): KeyView | undefined {
  const kid = textOf(value, 'kid') ?? '';
  const state = STATES.find((one) => one === member(value, 'state'));
  const time = (name: string) => {
    const found = member(value, name);
    return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 && found < LATEST ? found : undefined;
  };
  const [createdAt, promotesAt, removedAt] = [time('createdAt'), time('promotesAt'), time('removedAt')];
  if (!KID.test(kid) || state === undefined || createdAt === undefined) return undefined;
  return {
    ...{ kid, state, createdAt, activatedAt: time('activatedAt') ?? null, retiredAt: time('retiredAt') ?? null },
    ...(promotesAt !== undefined && { promotesAt }),
    ...(removedAt !== undefined && { removedAt }),
  };
}

/**
 * The leader's part: carries out what was asked and keeps the summary. A request stays on the Lease until it was carried
 * out, so that the next leader finishes what this one does not.
 */
export class KeyDesk {
  readonly #notes: LeaseNotes;
  /** Carried out, but perhaps still on the Lease. */
  #done: string | undefined;

  constructor(notes: LeaseNotes) {
    this.#notes = notes;
  }

  /** @throws KeyRingError; KubeApiError: to be tried again at the next look */
  async attend(ring: Pick<KeyRing, 'rotate' | 'states'>): Promise<void> {
    const notes = await this.#notes.read();
    if (!notes) return;
    const { annotations } = notes;
    const request = noteIn(annotations, ROTATE_KEYS);
    const outcome = request === undefined ? 'waits' : await this.#carryOut(request, ring);
    const summary = { [KEYS_SUMMARY]: JSON.stringify(ring.states()) };
    const told = outcome === 'refused' ? { ...summary, [REFUSED]: request! } : summary;
    if (request !== undefined && outcome !== 'waits') await this.#notes.answer(ROTATE_KEYS, request, told);
    else if (told[KEYS_SUMMARY] !== annotations[KEYS_SUMMARY])
      await this.#notes.write(KEYS_SUMMARY, told[KEYS_SUMMARY]!);
  }

  async #carryOut(request: string, ring: Pick<KeyRing, 'rotate'>): Promise<'done' | 'refused' | 'waits'> {
    if (request === this.#done) return 'done';
    const now = request.split(' ').at(-1) === 'now';
    // No replica may meet a kid that it does not know: it signs once all have read it.
    try {
      const { next } = await ring.rotate({ now, publishedFor: READ_BY_ALL });
      if (now && next) return 'waits';
    } catch (error) {
      if (error instanceof KeyRingError && error.code === 'keys_full') return 'refused';
      throw error;
    }
    this.#done = request;
    return 'done';
  }
}

export interface RotationRequest {
  readonly notes: LeaseNotes;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Waits this many milliseconds. */
  readonly pause: (ms: number) => Promise<unknown>;
  readonly now: boolean;
}

/** Milliseconds between two questions, and until nobody is waited for any more. */
const ASK_EVERY = 500;
const PATIENCE = 60_000;
const PATIENCE_NOW = PATIENCE + READ_BY_ALL * 1000;

/**
 * A person's part: leaves a request, after any that waits already, and waits until a leader has carried it out. Once the
 * API server has answered, its outages are waited out. If the Lease goes, and the request with it, it is left anew.
 *
 * @returns `unanswered`: by nobody in time; it was withdrawn. `no_lease`: no replica ever ran here. `full`: there are too many keys
 * @throws KubeApiError
 */
export async function requestRotation(
  request: RotationRequest,
): Promise<
  { readonly keys: KeyView[] } | { readonly failed: 'unanswered' | 'no_lease' | 'full'; readonly holder?: string }
> {
  const { notes, clock, pause, now } = request;
  const deadline = clock.monotonic() + (now ? PATIENCE_NOW : PATIENCE);
  let mine: string | undefined;
  let left: string | undefined;
  let lease: string | undefined;
  let holder: string | undefined;
  while (clock.monotonic() < deadline) {
    try {
      const found = await notes.read();
      if (!found && lease === undefined) return { failed: 'no_lease' };
      const waiting = found && noteIn(found.annotations, ROTATE_KEYS);
      if (found?.uid !== lease) mine = undefined;
      else if (mine !== undefined && found && noteIn(found.annotations, REFUSED) === mine) return { failed: 'full' };
      else if (mine !== undefined && waiting !== mine) return { keys: readSummary(found?.annotations ?? {}) ?? [] };
      // Its answer was lost.
      if (waiting !== undefined && waiting === left) mine = left;
      lease = found?.uid ?? lease;
      holder = found?.holder;
      if (found && waiting === undefined) {
        const value = `${new Date(clock.now()).toISOString()}${now ? ' now' : ''}`;
        left = value;
        // Who renews the Lease meanwhile makes this a conflict: then again, at once.
        const isLeft = await notes.write(ROTATE_KEYS, value, found.resourceVersion);
        left = undefined;
        if (!isLeft) continue;
        mine = value;
      }
    } catch (error) {
      if (lease === undefined || !mayPass(error)) throw error;
    }
    await pause(ASK_EVERY);
  }
  if (mine !== undefined && !(await notes.answer(ROTATE_KEYS, mine))) {
    return { keys: readSummary((await notes.read())?.annotations ?? {}) ?? [] };
  }
  return { failed: 'unanswered', ...(holder !== undefined && { holder }) };
}

/** An API server that is away for a moment. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  const { status, reason } = error;
  return reason === 'NetworkError' || reason === 'Timeout' || status === 429 || status >= 500;
}
