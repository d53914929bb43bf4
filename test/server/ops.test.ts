import assert from 'node:assert/strict';
import { getHeapStatistics } from 'node:v8';
import { ask, GRANT, type Harness, post, REPORT, start, stopAll } from './support.ts';

describe('the ops listener', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await start();
  });
  afterEach(stopAll);

  it('/healthz says nothing of policies, keys or issuers: a restart mends none of them', async () => {
    h.engine.checks = [{ name: 'keys', ok: false }];
    const answer = await ask(`${h.opsUrl}/healthz`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { status: 'ok', event_loop_lag_ms: 0 });
  });

  it('/readyz is 200 while every check holds, and 503 with the names of those that fail', async () => {
    assert.deepEqual((await ask(`${h.opsUrl}/readyz`)).json, { status: 'ok' });
    h.engine.checks = [
      { name: 'keys', ok: true },
      { name: 'view', ok: false, message: 'no manifest was read yet' },
      { name: 'audit', ok: false },
    ];
    const answer = await ask(`${h.opsUrl}/readyz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.json, { status: 'failed', failed: ['view', 'audit'] });
    const verbose = await ask(`${h.opsUrl}/readyz?verbose`);
    assert.deepEqual(verbose.json.checks, [{ name: 'accepting', ok: true }, ...h.engine.checks]);
  });

  it('/readyz/<check> answers for one check alone', async () => {
    h.engine.checks = [
      { name: 'keys', ok: true },
      { name: 'view', ok: false, message: 'stale' },
    ];
    assert.equal((await ask(`${h.opsUrl}/readyz/keys`)).status, 200);
    const view = await ask(`${h.opsUrl}/readyz/view`);
    assert.equal(view.status, 503);
    assert.deepEqual(view.json.checks, [{ name: 'view', ok: false, message: 'stale' }]);
    assert.equal((await ask(`${h.opsUrl}/readyz/__proto__`)).status, 404);
    const broken = await ask(`${h.opsUrl}/readyz/%E0%A4%A`);
    assert.equal(broken.status, 400);
    assert.equal(broken.json.error, 'invalid_request');
  });

  it('probes and metrics answer whoever reaches the listener, proxies included', async () => {
    const guarded = await start({ adminToken: () => Buffer.from('a-token-for-the-test') });
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const headers = { 'X-Forwarded-For': '10.0.0.1', Host: 'pod.example' };
      assert.equal((await ask(guarded.opsUrl + path, { headers })).status, 200);
    }
  });

  it('/policies is the engine’s report', async () => {
    assert.deepEqual((await ask(`${h.opsUrl}/policies`)).json, REPORT);
  });

  it('/metrics counts results by code and states what is served, without a subject or a policy', async () => {
    await post(`${h.url}/api/mint/exchange`, { credentials: 'p' });
    await post(`${h.url}/api/mint/exchange`, { credentials: 'p' });
    h.engine.onExchange = () => ({ granted: false, code: 'no_matching_policy', message: 'no' });
    await post(`${h.url}/api/mint/exchange`, { credentials: 'p' });
    h.engine.onExchange = () => ({ granted: false, code: 'temporarily_unavailable', message: 'no' });
    await post(`${h.url}/api/mint/exchange`, { credentials: 'p' });
    await post(`${h.url}/api/mint/exchange`, '[');
    await post(`${h.url}/api/mint/verify`, { token: 't', resource: 'r' });
    await post(`${h.url}/api/mint/verify`, { token: 't' });
    const { text, headers } = await ask(`${h.opsUrl}/metrics`);
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    for (const line of [
      'trustmint_exchange_requests_total{result="granted",code="ok"} 2',
      'trustmint_exchange_requests_total{result="refused",code="no_matching_policy"} 1',
      'trustmint_exchange_requests_total{result="refused",code="invalid_request"} 1',
      'trustmint_exchange_requests_total{result="failed",code="temporarily_unavailable"} 1',
      'trustmint_exchange_duration_seconds_count 5',
      'trustmint_verify_requests_total{result="inactive"} 1',
      'trustmint_verify_requests_total{result="refused"} 1',
      'trustmint_index_rules 3',
      'trustmint_view_stale_seconds 7',
      'trustmint_view_stale_limit_seconds{stops="exchange"} 600',
      'trustmint_view_stale_limit_seconds{stops="verify"} 1800',
      'trustmint_revocations{by="token"} 2',
      'trustmint_revocations_lingering 1',
      'trustmint_view_read_errors 1',
      'trustmint_objects{kind="TrustPolicy",phase="Active"} 1',
      'trustmint_objects{kind="ClusterTrustPolicy",phase="Invalid"} 1',
      'trustmint_issuer_keys{anchor="a1",provider="github",issuer="https://issuer.example"} 2',
      'trustmint_issuer_failing{anchor="a1",provider="github",issuer="https://issuer.example"} 1',
      'trustmint_http_requests_in_flight 1',
      'trustmint_own_key_rotate_seconds 2592000',
      `trustmint_build_info{version="1.2.3",node="${process.version}"} 1`,
    ]) {
      assert.ok(text.includes(`\n${line}\n`), line);
    }
    assert.match(text, /^process_cpu_seconds_total /m);
    assert.doesNotMatch(text, /ai-agents|research/);
  });

  it('/metrics says how old each kind is, and how wrong the clock, where that is known', async () => {
    const before = await ask(`${h.opsUrl}/metrics`);
    assert.doesNotMatch(before.text, /^trustmint_(clock_skew|kind_stale)_seconds[ {]/m);
    const kinds = [
      { kind: 'TrustPolicy', staleSeconds: 4.5 },
      { kind: 'TokenRevocation', staleSeconds: 61 },
    ];
    h.engine.numbers = { ...h.engine.numbers, kinds, clockSkewSeconds: -31.2 };
    const { text } = await ask(`${h.opsUrl}/metrics`);
    for (const line of [
      'trustmint_kind_stale_seconds{kind="TrustPolicy"} 4.5',
      'trustmint_kind_stale_seconds{kind="TokenRevocation"} 61',
      'trustmint_clock_skew_seconds -31.2',
    ]) {
      assert.ok(text.includes(`\n${line}\n`), line);
    }
  });

  it('/metrics says of each readiness check whether it holds, and whether it warns', async () => {
    h.engine.checks = [
      { name: 'policies', ok: true },
      { name: 'freshness', ok: true, detail: 'all is well' },
      { name: 'keys', ok: false, message: 'lost' },
      { name: 'audit', ok: true, message: 'the disk is full' },
    ];
    const lines = (await ask(`${h.opsUrl}/metrics`)).text
      .split('\n')
      .filter((line) => line.startsWith('trustmint_ready'));
    assert.deepEqual(lines, [
      'trustmint_ready{check="accepting"} 1',
      'trustmint_ready{check="policies"} 1',
      'trustmint_ready{check="freshness"} 1',
      'trustmint_ready{check="keys"} 0',
      'trustmint_ready{check="audit"} 1',
      'trustmint_ready_warning{check="accepting"} 0',
      'trustmint_ready_warning{check="policies"} 0',
      'trustmint_ready_warning{check="freshness"} 0',
      'trustmint_ready_warning{check="keys"} 0',
      'trustmint_ready_warning{check="audit"} 1',
    ]);
  });

  it('/metrics says where the heap ends', async () => {
    const limit = /^trustmint_heap_limit_bytes (\d+)$/m.exec((await ask(`${h.opsUrl}/metrics`)).text)?.[1];
    assert.equal(Number(limit), getHeapStatistics().heap_size_limit);
  });

  it('/metrics forgets an issuer that no policy names any more', async () => {
    await ask(`${h.opsUrl}/metrics`);
    h.engine.report = { ...REPORT, issuers: [], objects: [] };
    assert.doesNotMatch((await ask(`${h.opsUrl}/metrics`)).text, /issuer\.example|kind="TrustPolicy"/);
  });
});

describe('POST /explain', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await start();
  });
  afterEach(stopAll);

  it('explains a proof or a set of claims, with every rule’s predicates, and issues nothing', async () => {
    const rules = [
      {
        policy: { kind: 'TrustPolicy', uid: 'u', namespace: 'n', name: 'p' },
        rule: 'r',
        verdict: 'no_match',
        predicates: [{ predicate: 'namespace', expected: 'a', actual: '"b"', holds: false }],
      },
    ] as const;
    const decision = { allowed: false, reason: 'no_rule', detail: 'none', used: [] } as const;
    h.engine.onExplain = async () => ({ granted: true, verified: true, generation: 'g', decision, rules });
    const answer = await post(`${h.opsUrl}/explain`, { credentials: 'a.b.c\n', resource: 'api', scope: 'x y' });
    assert.equal(answer.status, 200);
    const correlation_id = answer.headers['x-correlation-id'];
    assert.deepEqual(answer.json, { granted: false, verified: true, generation: 'g', decision, rules, correlation_id });
    const asked = h.engine.explained[0]!;
    assert.deepEqual(JSON.parse(JSON.stringify(asked)), { credentials: 'a.b.c', resource: 'api', scopes: ['x', 'y'] });
    assert.equal(h.engine.exchanges.length, 0);
    assert.doesNotMatch(answer.text, new RegExp(GRANT.token));
  });

  it('shows attributes, which are a map inside', async () => {
    const identity = { attributes: new Map([['namespace', 'ai']]) };
    const decision = { allowed: true, terms: { identity } };
    h.engine.onExplain = async () =>
      ({ granted: true, verified: false, generation: 'g', decision, rules: [] }) as never;
    const { json } = await post(`${h.opsUrl}/explain`, { issuer: 'https://i', claims: {} });
    assert.equal(json.granted, true);
    assert.deepEqual(json.decision.terms.identity.attributes, { namespace: 'ai' });
  });

  it('P26: claims named __proto__ arrive as claims', async () => {
    await post(`${h.opsUrl}/explain`, '{"issuer":"https://i","claims":{"__proto__":{"a":1},"sub":"s"}}');
    const asked = h.engine.explained[0]!;
    assert.ok('claims' in asked);
    assert.deepEqual(Object.keys(asked.claims), ['__proto__', 'sub']);
    assert.equal(Object.hasOwn(asked.claims, '__proto__'), true);
  });

  it('answers a proof that was refused with why, for only operators ask', async () => {
    const answer = await post(`${h.opsUrl}/explain`, { credentials: 'a.b.c' });
    assert.equal(answer.status, 200);
    const { correlation_id: _, ...rest } = answer.json;
    assert.deepEqual(rest, { granted: false, error: 'invalid_proof', error_description: 'no', detail: 'expired' });
  });

  it('answers an outage as an outage', async () => {
    h.engine.onExplain = async () => ({
      granted: false,
      code: 'temporarily_unavailable',
      message: 'keys',
      detail: 'd',
    });
    assert.equal((await post(`${h.opsUrl}/explain`, { credentials: 'a.b.c' })).status, 503);
  });

  for (const body of [
    {},
    { credentials: 'a', claims: {} },
    { issuer: 'i' },
    { claims: {} },
    { issuer: 'i', claims: [] },
  ]) {
    it(`refuses ${JSON.stringify(body)} with 400`, async () => {
      assert.equal((await post(`${h.opsUrl}/explain`, body)).status, 400);
      assert.equal(h.engine.explained.length, 0);
    });
  }

  it('logs a failing engine and answers 500 without a trace', async () => {
    h.engine.onExplain = async () => {
      throw new RangeError('secret');
    };
    const answer = await post(`${h.opsUrl}/explain`, { credentials: 'a' });
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text + JSON.stringify(h.logs), /secret/);
    assert.equal(h.logs[0]?.fields.correlationId, answer.json.correlation_id);
  });
});
