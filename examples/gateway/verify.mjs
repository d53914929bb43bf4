/**
 * Offline verification of a macaroon in a gateway: the `macaroon` package for the chain, the rest as docs/tokens.md says.
 * Keys and revocations come from the mint: GET /api/mint/keys and /api/mint/revocations.
 */
import { createHash, createHmac } from 'node:crypto';
import macaroons from 'macaroon';

const OPERATORS = {
  time: ['<', '>='],
  aud: ['='],
  scope: ['=', 'in'],
  tool: ['=', 'in'],
  method: ['=', 'in'],
  path: ['=', 'in'],
  budget_credits: ['<='],
};
const isChecked = (key) => Object.hasOwn(OPERATORS, key);

/**
 * @param {string} token
 * @param {{audience: string, keys: {kid: string, key: string}[], revocations: object[], now: number,
 *   call: {scope?: string, tool?: string, method?: string, path?: string, cost?: number}}} context
 *   `audience` of the resource; `keys` and `entries` as the mint gives them; `now` in seconds
 * @returns {{subject: string, tenant: string, attributes: Map<string, string>, accounts: {id: string, limit?: number}[]}}
 * @throws {Error} whatever is wrong: the call must be refused
 */
export function verify(token, { audience, keys, revocations, now, call }) {
  if (token.length > 8192) throw new Error('too large');
  const macaroon = macaroons.importMacaroon(token);
  const id = JSON.parse(Buffer.from(macaroon.identifier).toString('utf8'));
  if (id.v !== 1 || id.aud !== audience) throw new Error('for another resource');
  const found = keys.find(({ kid }) => kid === id.kid);
  if (!found) throw new Error('unknown key');
  if (macaroon.caveats.length > 64 || macaroon.caveats.some(({ vid }) => vid)) throw new Error('caveats');
  const rootKey = Buffer.from(found.key, 'base64url');
  macaroon.verify(rootKey, () => null, []); // throws unless the chain holds; the caveats are judged below
  const texts = macaroon.caveats.map(({ identifier }) => Buffer.from(identifier).toString('latin1'));

  const caveats = texts.map(parse);
  const facts = new Map();
  caveats.forEach((caveat, position) => {
    judge(caveat, position < id.n, facts, { audience, now, call });
  });
  const first = texts.slice(0, id.n);
  const bounded = first.some((text) => text.startsWith('time < ')) && first.includes(`aud = ${audience}`);
  if (texts.length < id.n || !bounded || facts.get('tenant') !== id.ten) throw new Error('unbounded');

  const values = chain(rootKey, macaroon.identifier, texts);
  for (const entry of revocations) if (kills(entry, id, values, now)) throw new Error('revoked');
  return { subject: id.sub, tenant: id.ten, attributes: facts, accounts: accountsOf(id, caveats, values) };
}

function parse(text) {
  const parts = /^([a-z][a-z0-9_.]{0,62}) (=|<|<=|>=|in) ([!-~](?:[ -~]*[!-~])?)$/.exec(text);
  if (!parts || text.length > 1024) throw new Error('not a caveat');
  const [, key, operator, value] = parts;
  const allowed = isChecked(key) ? OPERATORS[key] : key === 'note' ? ['='] : ['=', 'in'];
  if (!allowed.includes(operator)) throw new Error(`operator of ${key}`);
  if (key === 'time') return { key, operator, value, number: time(value) };
  if (key === 'budget_credits') return { key, operator, value, number: credits(value) };
  const items = operator === 'in' ? value.split(',') : [value];
  if (items.some((item) => item === '' || (operator === 'in' && item.trim() !== item))) throw new Error('items');
  return { key, operator, value, items };
}

function time(text) {
  const ms = Date.parse(text);
  // The same text again, or it was another form, or no such day.
  if (Number.isNaN(ms) || new Date(ms).toISOString().replace('.000Z', 'Z') !== text) throw new Error('time');
  return ms / 1000;
}

function credits(text) {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(Number(text))) throw new Error('credits');
  return Number(text);
}

function judge({ key, operator, value, number, items }, isIssuers, facts, { audience, now, call }) {
  const refuse = () => {
    throw new Error(`the caveat on ${key} does not hold`);
  };
  if (key === 'note') return;
  if (!isChecked(key)) {
    if (!isIssuers) return facts.has(key) && items.includes(facts.get(key)) ? undefined : refuse();
    if (operator !== '=' || facts.has(key)) refuse();
    facts.set(key, value);
  } else if (key === 'time') {
    if (operator === '<' ? now >= number : now < number) refuse();
  } else if (key === 'budget_credits') {
    if (call.cost !== undefined && !(call.cost >= 0 && call.cost <= number)) refuse();
  } else if (!items.includes(key === 'aud' ? audience : call[key])) refuse();
}

/** Every value of the chain. Each is a live credential: never log or store one. */
function chain(rootKey, identifier, texts) {
  const hmac = (key, data) => createHmac('sha256', key).update(data).digest();
  const values = [hmac(hmac('macaroons-key-generator', rootKey), identifier)];
  for (const text of texts) values.push(hmac(values.at(-1), Buffer.from(text, 'latin1')));
  return values;
}

function kills({ by, value, tenant, issuedBefore, expiresAt }, id, values, now) {
  if (tenant !== null && tenant !== id.ten) return false;
  if (issuedBefore !== null && id.iat > issuedBefore) return false;
  if (expiresAt !== null && now > expiresAt) return false;
  if (by === 'derivedFrom') return values.some((v) => createHash('sha256').update(v).digest('base64url') === value);
  return value === { token: id.jti, grant: id.gid, agent: id.agt, policy: id.pol }[by];
}

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
  return createHash('sha256').update('acct/1').update(value).digest().subarray(0, 16).toString('base64url');
}
