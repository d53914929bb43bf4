import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { type Answer, ask, post } from '../server/support.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, type Mint, serve } from './support.ts';

const now = () => Math.floor(Date.now() / 1000);
const b64 = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const partOf = (jwt: string, i: number) => Buffer.from(jwt.split('.')[i]!, 'base64url').toString();

interface Row {
  readonly what: string;
  readonly status: number;
  readonly error: string;
  /** What helps the caller. */
  readonly says: RegExp;
  /** The audit record's stage and reason. */
  readonly recorded: readonly [string, string];
  readonly send: (mint: Mint, proof: string, issuer: DevIssuer) => Promise<Answer>;
}

const PROOF_SAYS = /^the proof was rejected; the reason is in the audit log under the correlation id$/;

/** A row whose proof is at fault. */
const proofRow = (
  what: string,
  reason: string,
  make: (proof: string, issuer: DevIssuer) => string | Promise<string>,
): Row => ({
  what,
  status: 401,
  error: 'invalid_proof',
  says: PROOF_SAYS,
  recorded: ['proof', reason],
  send: async (mint, proof, issuer) => mint.exchange(await make(proof, issuer)),
});

const requestRow = (what: string, status: number, error: string, says: RegExp, send: Row['send']): Row => ({
  what,
  status,
  error,
  says,
  recorded: ['request', error],
  send,
});

const rows: readonly Row[] = [
  requestRow('what is not JSON', 400, 'invalid_request', /cannot be read: not valid JSON/, (mint, proof) =>
    post(`${mint.url}/api/mint/exchange`, `{"credentials": ${proof}`),
  ),
  requestRow('a wrong content type', 400, 'invalid_request', /send Content-Type: application\/json/, (mint, proof) =>
    post(`${mint.url}/api/mint/exchange`, `credentials=${proof}`, { 'Content-Type': 'text/plain' }),
  ),
  requestRow('a member of a wrong type', 400, 'invalid_request', /credentials must be a string/, (mint) =>
    post(`${mint.url}/api/mint/exchange`, { credentials: 7 }),
  ),
  requestRow('two credentials that differ', 400, 'invalid_request', /different tokens; send one/, (mint, proof) =>
    post(`${mint.url}/api/mint/exchange`, { credentials: proof }, { Authorization: `Bearer ${proof}x` }),
  ),
  requestRow('a body that is too large', 413, 'request_too_large', /larger than 32768 bytes/, (mint, proof) =>
    mint.exchange(proof, { caveats: ['x'.repeat(40_000)] }),
  ),
  requestRow('P26: duplicate keys in the body', 400, 'invalid_request', /twice/, (mint, proof) =>
    post(`${mint.url}/api/mint/exchange`, `{"ttl":60,"credentials":"${proof}","ttl":86400}`),
  ),
  {
    what: 'an oversized proof',
    status: 401,
    error: 'invalid_proof',
    says: PROOF_SAYS,
    recorded: ['proof', 'too_large'],
    send: (mint, proof) => mint.exchange(`${proof}${'A'.repeat(17_000)}`),
  },
  proofRow('P7: a flood of dots', 'malformed', () => '.'.repeat(16_000)),
  proofRow('a truncated JWT', 'signature', (proof) => proof.slice(0, -42)),
  proofRow('a JWT without its signature', 'malformed', (proof) => proof.split('.').slice(0, 2).join('.')),
  proofRow('P9: an expired proof', 'expired', (_proof, issuer) =>
    issuer.sign(account('a', { claims: { iat: now() - 700, nbf: now() - 700, exp: now() - 1 } })),
  ),
  proofRow('P9: a proof that is not yet valid', 'not_yet_valid', (_proof, issuer) =>
    issuer.sign(account('a', { claims: { iat: now() + 600, nbf: now() + 600, exp: now() + 900 } })),
  ),
  proofRow('P2: another audience', 'wrong_audience', (_proof, issuer) =>
    issuer.sign(account('a', { audience: 'satgate-2' })),
  ),
  proofRow('P10: an unknown issuer, which nobody asks for its keys', 'unknown_issuer', (_proof, issuer) =>
    issuer.sign(account('a', { claims: { iss: 'http://169.254.169.254/latest' } })),
  ),
  proofRow('an unknown kid', 'unknown_kid', (proof) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const input = `${b64({ ...JSON.parse(partOf(proof, 0)), kid: '../../etc/passwd' })}.${proof.split('.')[1]}`;
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  }),
  proofRow(
    'P1: alg none without a signature',
    'malformed',
    (proof) => `${b64({ alg: 'none' })}.${proof.split('.')[1]}.`,
  ),
  proofRow('P1: alg none with one', 'algorithm', (proof) =>
    [b64({ alg: 'none' }), ...proof.split('.').slice(1)].join('.'),
  ),
  proofRow('P1: HS256 with the public key', 'algorithm', async (proof, issuer) => {
    const { keys } = (await ask(`${issuer.url}/jwks`)).json;
    const kid = JSON.parse(partOf(proof, 0)).kid;
    const key = createPublicKey({ key: keys.find((one: { kid: string }) => one.kid === kid), format: 'jwk' });
    const input = `${b64({ alg: 'HS256', typ: 'JWT', kid })}.${proof.split('.')[1]}`;
    const pem = key.export({ type: 'spki', format: 'pem' });
    return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
  }),
  proofRow('P1: duplicate keys in the claims', 'malformed', (proof) => {
    const [header, , signature] = proof.split('.');
    return [header, b64(partOf(proof, 1).replace('{', '{"aud":"other",')), signature].join('.');
  }),
  proofRow('P1: duplicate keys in the header', 'malformed', (proof) => {
    const [, payload, signature] = proof.split('.');
    return [b64(partOf(proof, 0).replace('{', '{"alg":"none",')), payload, signature].join('.');
  }),
  {
    what: 'a workload that no policy matches',
    status: 403,
    error: 'no_matching_policy',
    says: /^no policy grants this to the proven identity; the reason is in the audit log/,
    recorded: ['policy', 'no_rule'],
    send: async (mint, _proof, issuer) => mint.exchange(await issuer.sign(account('a', { namespace: 'elsewhere' }))),
  },
  {
    what: 'asking for a longer life than the policy gives',
    status: 403,
    error: 'exceeds_policy',
    says: /^ttl: at most 14400 seconds$/,
    recorded: ['request', 'exceeds_policy'],
    send: (mint, proof) => mint.exchange(proof, { ttl: '5h' }),
  },
  {
    what: 'asking for a larger budget than the policy gives',
    status: 403,
    error: 'exceeds_policy',
    says: /^budget_credits: at most 200$/,
    recorded: ['request', 'exceeds_policy'],
    send: (mint, proof) => mint.exchange(proof, { budget_credits: 201 }),
  },
];

describe('bad input, over HTTP', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  before(async () => {
    issuer = await createDevIssuer();
  });
  beforeEach(async () => {
    mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE]) });
  });
  afterEach(cleanUp);
  after(() => issuer.close());

  for (const { what, status, error, says, recorded, send } of rows) {
    it(`${what}: ${status} ${error}, a sentence, an audit line that says ${recorded.join('/')}; and the server lives`, async () => {
      const proof = await issuer.sign(account('agent'));
      const answer = await send(mint, proof, issuer);
      assert.deepEqual([answer.status, answer.json.error], [status, error], answer.text);
      assert.match(answer.json.error_description, says);
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.equal(answer.json.correlation_id, answer.headers['x-correlation-id']);

      const [record, ...others] = mint.audit().filter(({ kind }) => kind === 'exchange');
      assert.deepEqual(others, []);
      assert.equal(record?.id, answer.json.correlation_id);
      assert.deepEqual([record.refused.stage, record.refused.reason, record.refused.code], [...recorded, error]);

      const good = await mint.exchange(proof);
      assert.equal(good.status, 200);
      const everything = [answer.text, mint.log(), JSON.stringify(mint.audit())].join('\n');
      for (const part of proof.split('.').slice(1))
        assert.ok(!everything.includes(part.slice(0, 40)), 'no proof anywhere');
      assert.ok(!everything.includes(good.json.token), 'no token in a log');
      assert.doesNotMatch(answer.text + mint.log(), /\n\s+at |\.ts:\d/, 'no stack trace');
    });
  }

  it('P26: claims and members called __proto__ change nothing', async () => {
    const own = JSON.parse('{"__proto__": {"admin": true}, "constructor": {"name": "x"}}');
    const answer = await mint.exchange(await issuer.sign(account('agent', { claims: own })));
    assert.equal(answer.status, 200);
    assert.equal(({} as Record<string, unknown>).admin, undefined);
  });
});
