import assert from 'node:assert/strict';
import type { ExchangeOutcome } from '../../src/exchange/types.ts';
import { ServerError } from '../../src/server/index.ts';
import { ask, GRANT, gate, oneConnection, post, raw, start, stopAll } from './support.ts';

const coded = (code: string) => (cause: unknown) => cause instanceof ServerError && cause.code === code;

describe('starting', () => {
  afterEach(stopAll);

  for (const [what, options] of [
    ['the public listener', { listen: { host: '0.0.0.0', port: 0 } }],
    ['the ops listener', { opsListen: { host: '::', port: 0 } }],
    ['a name that is not loopback', { listen: { host: 'localhost.example', port: 0 } }],
    ['an address that only looks like loopback', { listen: { host: '127.evil', port: 0 } }],
  ] as const) {
    it(`BR-6: plain HTTP beyond loopback is refused for ${what}`, async () => {
      await assert.rejects(start(options), coded('tls_required'));
    });
  }

  it('plain HTTP beyond loopback is served where the operator insists', async () => {
    const h = await start({ listen: { host: '0.0.0.0', port: 0 }, insecureHttp: true });
    const answer = await post(`http://127.0.0.1:${new URL(h.url).port}/api/mint/exchange`, { credentials: 'p' });
    assert.equal(answer.status, 200);
  });

  it('a taken port is an error with a code, and nothing stays bound', async () => {
    const first = await start();
    const taken = { host: '127.0.0.1', port: Number(new URL(first.url).port) };
    await assert.rejects(start({ listen: taken }), coded('listen_failed'));
  });
});

describe('draining', () => {
  afterEach(stopAll);

  async function underway() {
    const h = await start();
    const arrived = gate();
    const outcome = gate<ExchangeOutcome>();
    h.engine.onExchange = () => {
      arrived.resolve();
      return outcome.promise;
    };
    const body = '{"credentials":"p"}';
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const sent = { method: 'POST', agent: oneConnection(), headers, body };
    const answer = ask(`${h.url}/api/mint/exchange`, sent);
    await arrived.promise;
    return { h, outcome, answer };
  }

  it('what is under way is answered, with Connection: close; readiness fails first, and nothing new is accepted', async () => {
    const { h, outcome, answer } = await underway();
    const closed = h.server.close(30_000);
    const ready = await ask(`${h.opsUrl}/readyz`);
    assert.equal(ready.status, 503);
    assert.deepEqual(ready.json.failed, ['accepting']);
    assert.equal((await ask(`${h.opsUrl}/healthz`)).status, 200);
    await assert.rejects(ask(`${h.url}/api/mint/exchange`), { code: 'ECONNREFUSED' });
    outcome.resolve(GRANT);
    const { status, headers } = await answer;
    assert.equal(status, 200);
    assert.equal(headers.connection, 'close');
    await closed;
    await assert.rejects(ask(`${h.opsUrl}/healthz`), { code: 'ECONNREFUSED' });
    assert.equal(h.clock.pending, 0, 'no timer is left behind');
  });

  it('what is still under way when the grace ends is cut', async () => {
    const { h, answer } = await underway();
    const closed = h.server.close(30_000);
    const cut = assert.rejects(answer, { code: 'ECONNRESET' });
    await h.clock.advance(29_999);
    await h.clock.advance(1);
    await cut;
    await closed;
  });

  it('an idle kept-alive connection does not hold it up', async () => {
    const h = await start();
    const agent = oneConnection();
    const first = await ask(`${h.url}/x`, { agent });
    assert.equal(first.headers.connection, 'keep-alive');
    await h.server.close(30_000);
  });

  it('a connection that never sends a request is cut after the time that headers have', async () => {
    const h = await start({ limits: { headersMs: 4_000 } });
    const silent = raw(h.url, 'GET /x HTTP/1.1\r\n');
    const other = await ask(`${h.url}/x`);
    assert.equal(other.status, 404);
    const closed = h.server.close(30_000);
    await h.clock.advance(4_000);
    assert.equal(await silent, '');
    await closed;
  });

  it('closing twice, or before the start, does no harm', async () => {
    const h = await start();
    await h.server.close(0);
    await h.server.close(0);
  });
});

describe('the event loop', () => {
  afterEach(stopAll);

  it('/healthz fails when the loop is later than the limit, and recovers', async () => {
    const h = await start({ limits: { lagMs: 2_000 } });
    // Timers that do not fire although time passes are what a blocked loop looks like.
    await h.clock.advance(500);
    let blocked = 0;
    const { monotonic } = h.clock;
    h.clock.monotonic = () => monotonic.call(h.clock) + blocked;
    blocked = 2_600;
    const late = await ask(`${h.opsUrl}/healthz`);
    assert.equal(late.status, 503);
    assert.deepEqual(late.json, { status: 'failed', event_loop_lag_ms: 2_100 });
    blocked = 0;
    await h.clock.advance(1_000);
    assert.equal((await ask(`${h.opsUrl}/healthz`)).status, 200);
  });
});
