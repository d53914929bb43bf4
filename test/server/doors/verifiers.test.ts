import assert from 'node:assert/strict';
import type { RevocationFeedEntry } from '../../../src/exchange/types.ts';
import { ask, type Harness, post, start, stopAll } from '../support.ts';

const UNAVAILABLE = {
  granted: false,
  code: 'temporarily_unavailable',
  message: 'the view is stale',
  retryAfter: 9,
} as const;

describe('POST /api/mint/verify', () => {
  let h: Harness;
  let url: string;
  beforeEach(async () => {
    h = await start();
    url = `${h.url}/api/mint/verify`;
  });
  afterEach(stopAll);

  it('hands token, resource and call to the engine', async () => {
    const call = { scope: 'a:read', tool: 'search', method: 'GET', path: '/v1', cost: 0 };
    await post(url, { token: 't', resource: 'api', call });
    await post(url, { token: 't', resource: 'api' });
    assert.deepEqual(h.engine.verified[0], { token: 't', resource: 'api', call });
    assert.deepEqual(
      Object.values(h.engine.verified[1]!.call).filter((v) => v !== undefined),
      [],
    );
  });

  it('answers an active token with what it states, in snake_case', async () => {
    h.engine.onVerify = () => ({
      active: true,
      jti: 'j',
      grantId: 'g',
      policy: 'p',
      agent: null,
      tenant: 'acme',
      subject: 's',
      issuedAt: 1_767_225_600,
      expiresAt: 1_767_229_200,
      attributes: { department: 'research' },
      notes: ['hello'],
      caveats: ['department = research'],
      accounts: [{ id: 'g', limit: 10 }, { id: 'x' }],
      staleSeconds: 3,
    });
    const answer = await post(url, { token: 't', resource: 'api' });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, {
      active: true,
      jti: 'j',
      grant_id: 'g',
      policy: 'p',
      agent: null,
      tenant: 'acme',
      subject: 's',
      issued_at: '2026-01-01T00:00:00Z',
      expires_at: '2026-01-01T01:00:00Z',
      attributes: { department: 'research' },
      notes: ['hello'],
      caveats: ['department = research'],
      accounts: [{ id: 'g', limit: 10 }, { id: 'x' }],
      stale_seconds: 3,
      correlation_id: answer.headers['x-correlation-id'],
    });
  });

  it('answers a dead token with 200, active false and why, and one of another resource without why', async () => {
    h.engine.onVerify = () => ({ active: false, reason: 'caveat', caveat: 'tool = search', staleSeconds: 0 });
    const { json, headers } = await post(url, { token: 't', resource: 'api' });
    const id = headers['x-correlation-id'];
    assert.deepEqual(json, {
      active: false,
      reason: 'caveat',
      caveat: 'tool = search',
      stale_seconds: 0,
      correlation_id: id,
    });
    h.engine.onVerify = () => ({ active: false, staleSeconds: 0 });
    assert.equal('reason' in (await post(url, { token: 't', resource: 'api' })).json, false);
  });

  it('says 503 and when to come back while the view is too stale', async () => {
    h.engine.onVerify = () => UNAVAILABLE;
    const answer = await post(url, { token: 't', resource: 'api' });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '9');
    assert.equal(answer.json.error, 'temporarily_unavailable');
  });

  for (const [what, body] of [
    ['no body', ''],
    ['no token', { resource: 'a' }],
    ['no resource', { token: 't' }],
    ['a call that is a list', { token: 't', resource: 'a', call: [] }],
    ['a call with an unknown member', { token: 't', resource: 'a', call: { host: 'x' } }],
    ['a cost below zero', { token: 't', resource: 'a', call: { cost: -1 } }],
    ['a cost with a fraction', { token: 't', resource: 'a', call: { cost: 0.5 } }],
    ['an unknown member', { token: 't', resource: 'a', scope: 'x' }],
  ] as const) {
    it(`refuses ${what} with 400`, async () => {
      const answer = await post(url, body);
      assert.equal(answer.status, 400);
      assert.equal(answer.json.error, 'invalid_request');
      assert.equal(h.engine.verified.length, 0);
    });
  }
});

describe('GET /api/mint/keys and /api/mint/revocations', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await start();
  });
  afterEach(stopAll);

  const entry: RevocationFeedEntry = {
    by: 'grant',
    value: 'g',
    tenant: null,
    issuedBefore: null,
    expiresAt: 1_767_225_600,
  };

  it('the keys of the asked resource, with a strong ETag that changes with them', async () => {
    const asked: string[] = [];
    h.engine.onKeys = (resource) => {
      asked.push(resource);
      return { keys: [{ kid: 'k1', key: 'AAAA', state: 'active' }] };
    };
    const url = `${h.url}/api/mint/keys?resource=https%3A%2F%2Fapi.example%2Fa`;
    const first = await ask(url);
    assert.equal(first.status, 200);
    assert.deepEqual(first.json, { keys: [{ kid: 'k1', key: 'AAAA', state: 'active' }] });
    assert.match(String(first.headers.etag), /^"[\w-]+"$/);
    assert.deepEqual(asked, ['https://api.example/a']);

    const held = { headers: { 'If-None-Match': `"other", ${first.headers.etag}` } };
    const second = await ask(url, held);
    assert.equal(second.status, 304);
    assert.equal(second.text, '');
    assert.equal(second.headers.etag, first.headers.etag);
    assert.equal(second.headers['cache-control'], 'no-store');
    assert.match(String(second.headers['x-correlation-id']), /^[0-9a-f]{32}$/);

    h.engine.onKeys = () => ({ keys: [{ kid: 'k1', key: 'AAAA', state: 'retired' }] });
    assert.equal((await ask(url, held)).status, 200);
  });

  it('never gives away more of a key than kid, key and state', async () => {
    const leaky = { kid: 'k', key: 'A', state: 'active', master: 'secret' } as const;
    h.engine.onKeys = () => ({ keys: [leaky] });
    assert.doesNotMatch((await ask(`${h.url}/api/mint/keys?resource=a`)).text, /secret/);
  });

  it('the revocations, whose ETag stands while the entries do, with their freshness on 200 and 304', async () => {
    let generatedAt = '2026-01-01T00:00:00Z';
    let entries = [entry];
    h.engine.onRevocations = () => ({ generatedAt, entries });
    const url = `${h.url}/api/mint/revocations?resource=default`;
    const first = await ask(url);
    assert.deepEqual(first.json, { generatedAt, entries });
    assert.equal(first.headers['x-generated-at'], generatedAt);
    assert.match(String(first.headers.etag), /^W\/"[\w-]+"$/);

    generatedAt = '2026-01-01T00:00:05Z';
    const held = { headers: { 'If-None-Match': first.headers.etag } };
    const second = await ask(url, held);
    assert.equal(second.status, 304);
    assert.equal(second.headers['x-generated-at'], generatedAt);

    entries = [entry, { ...entry, value: 'h' }];
    const third = await ask(url, held);
    assert.equal(third.status, 200);
    assert.equal(third.json.entries.length, 2);
  });

  for (const route of ['keys', 'revocations']) {
    it(`${route}: 503 with Retry-After when stale, even to those who hold an ETag`, async () => {
      h.engine.onKeys = () => UNAVAILABLE;
      h.engine.onRevocations = () => UNAVAILABLE;
      const answer = await ask(`${h.url}/api/mint/${route}?resource=a`, { headers: { 'If-None-Match': '*' } });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['retry-after'], '9');
      assert.equal(answer.headers.etag, undefined);
    });

    for (const query of [
      '',
      '?resource=',
      '?resource=a&resource=b',
      '?resource=a&tenant=b',
      `?resource=${'x'.repeat(2049)}`,
    ]) {
      it(`${route}: 400 for the query ${query.slice(0, 24) || '(none)'}`, async () => {
        const answer = await ask(`${h.url}/api/mint/${route}${query}`);
        assert.equal(answer.status, 400);
        assert.equal(answer.json.error, 'invalid_request');
      });
    }

    it(`${route}: HEAD like GET, without the body; anything else is 405`, async () => {
      const got = await ask(`${h.url}/api/mint/${route}?resource=a`);
      const head = await ask(`${h.url}/api/mint/${route}?resource=a`, { method: 'HEAD' });
      assert.equal(head.status, 200);
      assert.equal(head.text, '');
      for (const name of ['etag', 'x-generated-at', 'content-length'])
        assert.equal(head.headers[name], got.headers[name]);
      // A verifier reckons with it.
      assert.ok(Date.parse(String(got.headers.date)) > 0);
      const put = await ask(`${h.url}/api/mint/${route}?resource=a`, { method: 'PUT' });
      assert.equal(put.status, 405);
      assert.equal(put.headers.allow, 'GET, HEAD');
    });
  }
});
