/**
 * Keys and revocations of one resource, polled from the mint. What is held is given out only while it is fresh: by the
 * mint's own word on how old its view is, and by this machine's monotonic clock from then on.
 */
import { readFile } from 'node:fs/promises';
import { getJson } from './get.mjs';
import { indexRevocations } from './verify.mjs';

/** Nothing can be verified now: refuse the call with 503, whatever its token. */
export class Unavailable extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Milliseconds that our clock and a mint's may differ: expiries are compared with ours. */
const MAX_SKEW = 300_000;
/** Milliseconds that are added to the age of every answer: times are given in whole seconds. */
const ROUNDING = 1_000;
const MAX_PAUSE = 30_000;
/** Milliseconds: what a policy's status promises of a revocation (`effectiveEverywhereBy`) holds for gateways too. */
const MAX_LIMIT = 1_800_000;
/** So many rounds in a row in which every mint answered "you may not" end what is held. */
const WITHDRAWN = 3;
const NO = [400, 401, 403, 404];

export const systemClock = { now: () => Date.now(), monotonic: () => performance.now(), setTimeout, clearTimeout };

/**
 * @param {object} options
 * @param {string[]} options.urls base URLs of mints of one installation: a Service, or each replica
 * @param {string} options.resource name, URI or audience
 * @param {string} options.tokenFile our own service account token, its audience the mint's issuer; read for each poll
 * @param {number} [options.interval] milliseconds between two polls, at most
 * @param {number} [options.limit] milliseconds: nothing is given out that is older; at most half an hour
 * @param {number} [options.deadline] milliseconds for one request
 */
export function createFeed({
  urls,
  resource,
  tokenFile,
  interval = 5_000,
  limit = 600_000,
  deadline = 3_000,
  get = getJson,
  readToken = () => readFile(tokenFile, 'utf8'),
  clock = systemClock,
  random = Math.random,
  log = () => {},
}) {
  if (!(interval > 0 && limit > interval && limit <= MAX_LIMIT)) throw new RangeError('interval, limit: out of bounds');
  /** `asOf`: what was known to be so, in our monotonic milliseconds and in our wall clock's. */
  let keys; //        {list, etag, asOf}
  let revocations; // {list, etag, asOf, receivedAt, index}
  /** Entries that the newest list does not have, by an older view than one that had them: JSON → {entry, seenAt}. */
  const lingering = new Map();
  let [round, failures, refusals] = [0, 0, 0];
  let timer;
  const stopping = new AbortController();

  const moment = () => ({ monotonic: clock.monotonic(), wall: clock.now() });
  /** By either clock, for one stands still while the machine sleeps and the other may be set. */
  const ageOf = ({ asOf }) => Math.max(clock.monotonic() - asOf.monotonic, clock.now() - asOf.wall);

  /** What to verify with now. @throws {Unavailable} no_feed, feed_stale, no_keys */
  function current() {
    if (!keys || !revocations) throw new Unavailable('no_feed');
    if (Math.max(ageOf(keys), ageOf(revocations)) > limit) throw new Unavailable('feed_stale');
    if (keys.list.length === 0) throw new Unavailable('no_keys');
    // Never earlier than it must be by now: a clock that is set back revives nothing.
    const { monotonic, wall } = keys.asOf;
    const now = Math.max(clock.now(), wall + clock.monotonic() - monotonic) / 1000;
    return { keys: keys.list, revocations: revocations.index, now };
  }

  async function ask(base, path, held) {
    const url = new URL(`${path}?resource=${encodeURIComponent(resource)}`, base);
    const authorization = `Bearer ${(await readToken()).trim()}`;
    const sent = moment();
    const { status, headers, body } = await get(
      url,
      { authorization, ...(held && { 'if-none-match': held.etag }) },
      { deadline, signal: stopping.signal },
    );
    if (status !== 200 && !(status === 304 && held)) {
      throw Object.assign(new Error(`${url.origin}${path}: ${status} ${body?.error ?? ''}`), { status });
    }
    const date = Date.parse(headers.date);
    if (!(Math.abs(date - clock.now()) <= MAX_SKEW)) throw new Error(`${url.origin}: its clock is not ours`);
    const back = (ms) => ({ monotonic: sent.monotonic - ms - ROUNDING, wall: sent.wall - ms - ROUNDING });
    return { status, headers, body, date, back };
  }

  async function askKeys(base) {
    const { status, headers, body, back } = await ask(base, '/api/mint/keys', keys);
    const list = status === 304 ? keys.list : body.keys;
    if (!list.every(({ kid, key }) => typeof kid === 'string' && typeof key === 'string')) throw new Error('no keys');
    keys = { list, etag: headers.etag, asOf: back(0) };
  }

  async function askRevocations(base) {
    const { status, headers, body, date, back } = await ask(base, '/api/mint/revocations', revocations);
    // Both by the mint's own clock, so that ours being wrong makes nothing fresh.
    const age = date - Date.parse(headers['x-generated-at']);
    if (!(age >= -2 * ROUNDING)) throw new Error(`${base}: a feed from the future`);
    take(status === 304 ? revocations.list : body.entries, headers.etag, back(Math.max(0, age)));
  }

  /**
   * Mints are not equally fresh. An entry goes only by a view that is newer than the last answer that had it: whoever
   * is behind adds to what is known, and takes nothing away.
   */
  function take(list, etag, asOf) {
    const before = lingering.size;
    if (revocations && list !== revocations.list) {
      const has = new Set(list.map((entry) => JSON.stringify(entry)));
      for (const entry of revocations.list) {
        const name = JSON.stringify(entry);
        if (!has.has(name)) lingering.set(name, { entry, seenAt: revocations.receivedAt });
      }
      for (const name of lingering.keys()) if (has.has(name)) lingering.delete(name);
    }
    for (const [name, { seenAt }] of lingering) if (asOf.monotonic >= seenAt) lingering.delete(name);
    const same = list === revocations?.list && lingering.size === before;
    const index = same
      ? revocations.index
      : indexRevocations([...list, ...[...lingering.values()].map((l) => l.entry)]);
    const newest = revocations && revocations.asOf.monotonic > asOf.monotonic ? revocations.asOf : asOf;
    revocations = { list, etag, index, asOf: newest, receivedAt: clock.monotonic() };
  }

  /** One poll of one mint that answers; begins with another each time. */
  async function poll() {
    round += 1;
    const said = [];
    for (let i = 0; i < urls.length && !stopping.signal.aborted; i += 1) {
      const base = urls[(round + i) % urls.length];
      const answers = await Promise.allSettled([askRevocations(base), askKeys(base)]);
      const errors = answers.flatMap(({ reason }) => (reason ? [reason] : []));
      if (errors.length === 0) {
        [failures, refusals] = [0, 0];
        return;
      }
      for (const { message } of stopping.signal.aborted ? [] : errors) log(`feed: ${message}`);
      said.push(errors.some(({ status }) => NO.includes(status)));
    }
    failures += 1;
    refusals = said.every(Boolean) ? refusals + 1 : 0;
    if (refusals >= WITHDRAWN) {
      [keys, revocations] = [undefined, undefined];
      lingering.clear();
    }
  }

  async function run() {
    await poll();
    if (stopping.signal.aborted) return;
    const pause = Math.min(interval * 2 ** failures, Math.max(interval, MAX_PAUSE));
    timer = clock.setTimeout(run, pause * (1 - 0.2 * random()));
  }

  return {
    current,
    /** Begins to poll; resolves after the first round, be it good or not. */
    start: run,
    stop() {
      stopping.abort();
      clock.clearTimeout(timer);
    },
  };
}
