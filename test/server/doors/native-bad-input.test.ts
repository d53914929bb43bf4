import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ask, type Harness, oneConnection, PROOF, post, start, stopAll } from '../support.ts';

describe('bad input to POST /api/mint/exchange', () => {
  let h: Harness;
  let url: string;
  beforeEach(async () => {
    h = await start();
    url = `${h.url}/api/mint/exchange`;
  });
  afterEach(stopAll);

  const b = (value: unknown) => JSON.stringify(value);
  const bad: [string, Record<string, string>, string | Buffer, RegExp][] = [
    ['is not JSON', {}, '{"credentials":', /cannot be read: not valid JSON/],
    ['is a JSON array', {}, b([PROOF]), /JSON object/],
    ['is a JSON string', {}, b(PROOF), /JSON object/],
    ['is not UTF-8', {}, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/],
    ['begins with a byte order mark', {}, `\ufeff${b({ credentials: PROOF })}`, /not valid JSON/],
    [
      'is a form',
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      b({ credentials: PROOF }),
      /application\/json/,
    ],
    ['has no content type', { 'Content-Type': '' }, b({ credentials: PROOF }), /application\/json/],
    ['is JSON in another charset', { 'Content-Type': 'application/json; charset=utf-16' }, b({}), /UTF-8/],
    ['is compressed', { 'Content-Encoding': 'gzip' }, b({ credentials: PROOF }), /Content-Encoding/],
    ['repeats a member', {}, `{"credentials":"${PROOF}","credentials":"x"}`, /twice/],
    ['repeats a member under an escape', {}, `{"ttl":60,"credentials":"${PROOF}","t\\u0074l":1}`, /twice/],
    ['has a member nobody reads', {}, b({ credentials: PROOF, budget: 5 }), /unknown member budget.*budget_credits/],
    ['has credentials that are no string', {}, b({ credentials: { jwt: PROOF } }), /credentials must be a string/],
    ['has empty credentials', {}, b({ credentials: '\n' }), /credentials must be a string/],
    ['has null for a member', {}, b({ credentials: PROOF, resource: null }), /resource must be a string/],
    ['has a control character in a member', {}, b({ credentials: PROOF, tenant: 'a\nb' }), /tenant must be/],
    ['has half a surrogate pair', {}, `{"credentials":"${PROOF}","tenant":"\\ud800"}`, /cannot be read|tenant must be/],
    ['has a ttl of nothing', {}, b({ credentials: PROOF, ttl: '0s' }), /ttl must be/],
    ['has a ttl in days', {}, b({ credentials: PROOF, ttl: '1d' }), /ttl must be/],
    ['has a negative ttl', {}, b({ credentials: PROOF, ttl: -1 }), /ttl must be/],
    ['has a ttl with a fraction', {}, b({ credentials: PROOF, ttl: 1.5 }), /ttl must be/],
    ['has a budget that is a string', {}, b({ credentials: PROOF, budget_credits: '10' }), /budget_credits must be/],
    ['has a budget below zero', {}, b({ credentials: PROOF, budget_credits: -1 }), /budget_credits must be/],
    ['has an unsafe budget', {}, `{"credentials":"${PROOF}","budget_credits":9007199254740993}`, /budget_credits must/],
    ['has caveats that are no list', {}, b({ credentials: PROOF, caveats: 'tool = a' }), /caveats must be a list/],
    ['has too many caveats', {}, b({ credentials: PROOF, caveats: Array(65).fill('tool = a') }), /caveats must be/],
    ['asks for no scopes', {}, b({ credentials: PROOF, scopes: [] }), /scopes/],
    ['OA-8: has a scope with a quote', {}, b({ credentials: PROOF, scope: 'a"b' }), /scopes/],
    ['has both scope and scopes', {}, b({ credentials: PROOF, scope: 'a', scopes: ['a'] }), /not both/],
    ['asks for another token type', {}, b({ credentials: PROOF, requested_token_type: 'jwt' }), /only confirm/],
    ['BR-2: differs from the header', { Authorization: 'Bearer other' }, b({ credentials: PROOF }), /different/],
    ['comes with Basic', { Authorization: 'Basic YTpi' }, b({ credentials: PROOF }), /must be Bearer/],
    ['comes with two bearer tokens', { Authorization: 'Bearer a b' }, b({ credentials: 'a' }), /one token/],
  ];
  for (const [what, headers, body, says] of bad) {
    it(`refuses a request that ${what}: 400 invalid_request, a sentence that helps, an audit record`, async () => {
      const sent: Record<string, string> = { 'Content-Type': 'application/json', ...headers };
      if (sent['Content-Type'] === '') delete sent['Content-Type'];
      const answer = await ask(url, { method: 'POST', headers: sent, body });
      assert.equal(answer.status, 400);
      assert.equal(answer.json.error, 'invalid_request');
      assert.match(answer.json.error_description, says);
      assert.equal(answer.json.correlation_id, answer.headers['x-correlation-id']);
      assert.equal(answer.text.includes(PROOF), false);
      assert.equal(h.engine.exchanges.length, 0);
      assert.equal(h.engine.refusals.length, 1);
      assert.equal(h.engine.refusals[0]?.correlationId, answer.json.correlation_id);
      assert.equal(h.engine.refusals[0]?.code, 'invalid_request');
      assert.equal((await post(url, { credentials: PROOF })).status, 200, 'the server lives');
    });
  }

  it('P26: __proto__ and constructor are members like any other, and unknown', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const answer = await post(url, `{"credentials":"${PROOF}","${name}":{"tenant":"evil"}}`);
      assert.equal(answer.status, 400);
      assert.match(answer.json.error_description, new RegExp(`unknown member ${name}`));
    }
    assert.equal(h.engine.exchanges.length, 0);
  });

  it('answers any bytes at all with a refusal in JSON and never fails inside', async () => {
    const agent = oneConnection();
    const members = fc.constantFrom('credentials', 'ttl', 'scopes', 'scope', 'caveats', 'budget_credits', '__proto__');
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc.dictionary(members, fc.jsonValue(), { maxKeys: 4 }).map((value) => Buffer.from(JSON.stringify(value))),
    );
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        const headers = { 'Content-Type': 'application/json', 'Content-Length': bytes.length };
        const answer = await ask(url, { method: 'POST', agent, headers, body: bytes });
        assert.ok([200, 400, 401].includes(answer.status), answer.text);
        assert.equal(answer.json.correlation_id, answer.headers['x-correlation-id']);
      }),
      { numRuns: 300 },
    );
    assert.deepEqual(h.logs, []);
  });
});
