/**
 * Offline verification of a macaroon, exactly as docs/tokens.md says. Pure: node:crypto and its arguments alone.
 * Keys and revocations come from the mint; feed.mjs keeps them fresh.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { chain, decode, identify, refuse, whole } from './macaroon.mjs';

export { Refused } from './macaroon.mjs';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/**
 * @param {string} token
 * @param {{audience: string, keys: {kid: string, key: string}[], revocations: object, now: number,
 *   call: {scope?: string, tool?: string, method?: string, path?: string, cost?: number}}} context
 *   `audience` of the resource; `keys` as the mint gives them; `revocations`: its `entries`, better once through
 *   `indexRevocations`; `now` in seconds; what the call does not carry is left out, and a caveat on it denies
 * @returns {{subject: string, tenant: string, attributes: Map<string, string>, accounts: {id: string, limit?: number}[]}}
 * @throws {Refused} whatever is wrong with the token
 */
export function verify(token, { audience, keys, revocations, now: clock, call }) {
  const now = Math.floor(clock);
  const { identifier, texts, signature } = decode(token);
  const id = identify(identifier);
  if (id.aud !== audience) refuse('other_resource'); // tell the bearer nothing
  const rootKey = Buffer.from(keys.find(({ kid }) => kid === id.kid)?.key ?? '', 'base64url');
  if (rootKey.length !== 32) refuse('unknown_key');
  const values = chain(rootKey, identifier, texts);
  if (!timingSafeEqual(values.at(-1), signature)) refuse('signature');
  // Only what is behind the chain is looked at from here on.

  const issuers = texts.slice(0, id.n).map(parse);
  const attributes = bounds(issuers, id);
  const caveats = texts.map((text, i) => {
    const caveat = issuers[i] ?? parse(text);
    judge(caveat, i < id.n, attributes, { audience, now, call });
    return caveat;
  });
  if (isDead(id, values, Array.isArray(revocations) ? indexRevocations(revocations) : revocations, now)) {
    refuse('revoked');
  }
  return { subject: id.sub, tenant: id.ten, attributes, accounts: accountsOf(id, caveats, values) };
}

// ── Caveats ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is compared with the call, and with which operators; every other key but `note` is an attribute. */
const CHECKED = new Map([
  ['time', ['<', '>=']],
  ['aud', ['=']],
  ...['scope', 'tool', 'method', 'path'].map((key) => [key, ['=', 'in']]),
  ['budget_credits', ['<=']],
]);
const isAttribute = (key) => key !== 'note' && !CHECKED.has(key);

function parse(text) {
  const bad = () => refuse('caveat', text.replace(/[^ -~]/g, '?'));
  const parts = /^([a-z][a-z0-9_.]{0,62}) (=|<|<=|>=|in) ([!-~](?:[ -~]*[!-~])?)$/.exec(text) ?? bad();
  const [, key, operator, value] = parts;
  if (!(CHECKED.get(key) ?? (key === 'note' ? ['='] : ['=', 'in'])).includes(operator)) bad();
  const caveat = { text, key, operator, value };
  if (key === 'time') return { ...caveat, number: timeOf(value) ?? bad() };
  if (key === 'budget_credits') return { ...caveat, number: creditsOf(value) ?? bad() };
  const items = operator === 'in' ? value.split(',') : [value];
  if (items.some((item) => item === '' || (operator === 'in' && item.trim() !== item))) bad();
  return { ...caveat, items };
}

function timeOf(text) {
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text) ? Date.parse(text) : Number.NaN;
  // The same text again, or there is no such day.
  return !Number.isNaN(ms) && new Date(ms).toISOString().replace('.000Z', 'Z') === text ? ms / 1000 : undefined;
}

function creditsOf(text) {
  return /^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

/** The issuer's attributes, once its caveats are known to bound the token and to agree with the identifier. */
function bounds(issuers, id) {
  if (issuers.length !== id.n) refuse('identifier');
  const attributes = new Map();
  for (const { text, key, operator, value } of issuers) {
    if (key === 'aud' && value !== id.aud) refuse('identifier');
    if (!isAttribute(key)) continue;
    if (operator !== '=' || attributes.has(key)) refuse('caveat', text);
    attributes.set(key, value);
  }
  const has = (key, operator) => issuers.some((one) => one.key === key && one.operator === operator);
  if (!has('time', '<') || !has('aud', '=') || !attributes.has('tenant')) refuse('unbounded');
  if (attributes.get('tenant') !== id.ten) refuse('identifier');
  return attributes;
}

function judge({ text, key, operator, number, items }, isIssuers, attributes, { audience, now, call }) {
  if (key === 'note' || (isIssuers && isAttribute(key))) return;
  if (key === 'time') {
    if (operator === '<' && now >= number) refuse('expired', text);
    if (operator === '>=' && now < number) refuse('not_yet_valid', text);
  } else if (key === 'budget_credits') {
    if (call.cost !== undefined && !whole(0, number)(call.cost)) refuse('over_budget', text);
  } else {
    const actual = key === 'aud' ? audience : isAttribute(key) ? attributes.get(key) : call[key];
    if (actual === undefined) refuse(isAttribute(key) ? 'not_a_fact' : 'not_carried', text);
    if (!items.includes(actual)) refuse('no_match', text);
  }
}

// ── Revocations and accounts ────────────────────────────────────────────────────────────────────────────────────────

/** What a revocation names, by the member of the identifier; `derivedFrom` names a value of the chain. */
const NAMED = new Map(Object.entries({ token: 'jti', grant: 'gid', agent: 'agt', policy: 'pol' }));

/**
 * Entries of the feed, made ready for thousands of questions.
 * @throws {TypeError} for an entry that is not understood: it may kill what would be let through
 */
export function indexRevocations(entries) {
  const index = { byName: new Map(), hasDerived: false };
  const orNull = (holds) => (value) => value === null || holds(value);
  const isText = (value) => typeof value === 'string';
  const isTime = orNull(Number.isSafeInteger);
  for (const entry of entries) {
    const { by, value, tenant, issuedBefore, expiresAt } = entry;
    const understood = (NAMED.has(by) || by === 'derivedFrom') && isText(value) && orNull(isText)(tenant);
    if (!understood || !isTime(issuedBefore) || !isTime(expiresAt))
      throw new TypeError('an unknown kind of revocation');
    index.hasDerived ||= by === 'derivedFrom';
    const name = `${by} ${value}`;
    index.byName.set(name, [...(index.byName.get(name) ?? []), entry]);
  }
  return index;
}

function isDead(id, values, { byName, hasDerived }, now) {
  const names = [...NAMED].map(([by, member]) => `${by} ${id[member]}`);
  if (id.agt === null) names.splice(names.indexOf('agent null'), 1);
  if (hasDerived) names.push(...values.map((value) => `derivedFrom ${sha256(value).toString('base64url')}`));
  return names.some((name) =>
    byName
      .get(name)
      ?.some(
        ({ tenant, issuedBefore, expiresAt }) =>
          (tenant === null || tenant === id.ten) &&
          (issuedBefore === null || id.iat <= issuedBefore) &&
          (expiresAt === null || now <= expiresAt),
      ),
  );
}

/** What the call draws on: the grant, then one account per budget that a holder appended. Debit all of them, or none. */
function accountsOf(id, caveats, values) {
  const accounts = [{ id: id.gid }];
  caveats.forEach(({ key, number }, position) => {
    if (key !== 'budget_credits') return;
    const [grant] = accounts;
    if (position < id.n) grant.limit = Math.min(grant.limit ?? number, number);
    else accounts.push({ id: accountId(values[position + 1]), limit: number });
  });
  return accounts;
}

function accountId(value) {
  return sha256('acct/1', value).subarray(0, 16).toString('base64url');
}
