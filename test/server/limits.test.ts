import assert from 'node:assert/strict';
import { JSON_ROUTE, ROUTES } from './limited-routes.ts';
import { ask, type Harness, oneConnection, post, raw, start, stopAll } from './support.ts';

const KIB = 1024;

for (const route of ROUTES) {
  describe(`the limits of ${route.name}`, () => {
    let h: Harness;
    let base: string;
    let url: string;
    beforeEach(async () => {
      h = await start();
      base = h[route.listener];
      url = `${base}${route.path}`;
    });
    afterEach(stopAll);

    const send = (to: string, body: string, headers: Record<string, string> = {}) =>
      post(to, body, { 'Content-Type': route.type, ...headers });
    const request = (headers: string, body = '') =>
      raw(
        base,
        `POST ${route.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${route.type}\r\n${headers}\r\n${body}`,
      );

    it('takes a good request', async () => {
      assert.equal((await send(url, route.good)).status, 200);
    });

    it('takes a body of exactly 32 KiB and refuses one byte more with 413, leaving the connection usable', async () => {
      const { good } = route;
      const agent = oneConnection();
      const sized = (size: number) => {
        const headers = { 'Content-Type': route.type, 'Content-Length': size };
        return ask(url, { method: 'POST', agent, headers, body: good + ' '.repeat(size - good.length) });
      };
      assert.equal((await sized(32 * KIB)).status, 200);
      const answer = await sized(32 * KIB + 1);
      assert.equal(answer.status, 413);
      assert.equal(answer.json.error, 'request_too_large');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.equal(answer.headers.connection, 'keep-alive');
      assert.equal((await sized(good.length)).status, 200);
    });

    it('P7: caps bytes before anybody splits them: a token of nothing but dots', async () => {
      const dots = '.'.repeat(64 * KIB);
      assert.equal(
        (await send(url, route.type === JSON_ROUTE.type ? JSON.stringify({ credentials: dots }) : `token=${dots}`))
          .status,
        413,
      );
      assert.equal((await send(url, route.good, { Authorization: `Bearer ${dots}` })).status, 431);
      assert.deepEqual([h.engine.exchanges, h.engine.verified, h.engine.explained], [[], [], []]);
    });

    it('P12: counts a chunked body while it is read, and answers before its end', async () => {
      const chunk = `4000\r\n${' '.repeat(16 * KIB)}\r\n`;
      const text = await request('Transfer-Encoding: chunked\r\nConnection: close\r\n', `${chunk.repeat(3)}0\r\n\r\n`);
      assert.match(text, /^HTTP\/1\.1 413 /);
      assert.match(text, /request_too_large/);
    });

    it('P12: cuts a sender who goes on long after the refusal', async () => {
      const text = await request('Content-Length: 99999999\r\n', ' '.repeat(3 * KIB * KIB)).catch(() => 'cut');
      assert.match(text, /^(HTTP\/1\.1 413 |cut)/);
    });

    it('P12: refuses a compressed body instead of inflating it', async () => {
      const answer = await send(url, route.good, { 'Content-Encoding': 'gzip' });
      assert.equal(answer.status, 400);
      assert.match(answer.json.error_description, /Content-Encoding/);
    });

    it('refuses headers over 16 KiB with 431 in JSON, and is never cached either', async () => {
      const answer = await send(url, route.good, { 'X-Large': 'x'.repeat(17 * KIB) });
      assert.equal(answer.status, 431);
      assert.equal(answer.json.error, 'headers_too_large');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.equal(answer.headers.pragma, 'no-cache');
      assert.equal(answer.json.correlation_id, answer.headers['x-correlation-id']);
    });

    it('keeps to the limits the installation sets instead', async () => {
      const smaller = await start({ limits: { bodyBytes: 150, headerBytes: 2 * KIB } });
      const there = smaller[route.listener] + route.path;
      assert.equal((await send(there, route.good)).status, 200);
      assert.equal((await send(there, route.good + ' '.repeat(150))).status, 413);
      assert.equal((await send(there, route.good, { 'X-Large': 'x'.repeat(3 * KIB) })).status, 431);
    });

    for (const [what, body, says] of route.bad) {
      it(`refuses a body ${what} with 400`, async () => {
        const answer = await send(url, body);
        assert.equal(answer.status, 400);
        assert.equal(answer.json.error, 'invalid_request');
        assert.match(answer.json.error_description, says);
      });
    }

    it('refuses another content type with 400', async () => {
      const answer = await send(url, route.good, { 'Content-Type': 'text/plain' });
      assert.equal(answer.status, 400);
      assert.ok(answer.json.error_description.includes(route.type));
    });

    it('answers another method with 405 and Allow', async () => {
      const answer = await ask(url);
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, 'POST');
      assert.equal(answer.json.error, 'method_not_allowed');
    });

    for (const [what, headers] of [
      ['no Host', ''],
      ['two Hosts', 'Host: localhost\r\nHost: evil.example\r\n'],
      ['a Host that is no host', 'Host: local<host>\r\n'],
      ['two Authorization headers', 'Host: localhost\r\nAuthorization: Bearer a\r\nauthorization: Bearer b\r\n'],
    ] as const) {
      it(`refuses a request with ${what} with 400`, async () => {
        const text = await raw(base, `POST ${route.path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);
        assert.match(text, /^HTTP\/1\.1 400 /);
        assert.match(text, /"error":"invalid_request"/);
        assert.match(text, /Cache-Control: no-store/);
      });
    }

    it('answers what is not HTTP with 400 in JSON and goes on serving', async () => {
      const text = await raw(base, `POST ${route.path} HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n`);
      assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(text, /"error":"invalid_request"/);
      assert.equal((await send(url, route.good)).status, 200);
    });

    it('refuses a request framed in two ways', async () => {
      const text = await request('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n');
      assert.match(text, /^HTTP\/1\.1 400 /);
    });

    it('meets Expect: 100-continue, unless the body is too large by its own account', async () => {
      const { good } = route;
      const expect = 'Expect: 100-continue\r\nConnection: close\r\n';
      const met = await request(`${expect}Content-Length: ${good.length}\r\n`, good);
      assert.match(met, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
      assert.match(await request(`${expect}Content-Length: 40000\r\n`), /^HTTP\/1\.1 413 /);
      assert.match(await request('Expect: tea\r\nConnection: close\r\n'), /^HTTP\/1\.1 417 [\s\S]*expectation_failed/);
    });

    it('survives a caller who leaves in the middle of the body', async () => {
      const { hostname, port } = new URL(base);
      const { connect } = await import('node:net');
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(`POST ${route.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{`, () =>
            socket.resetAndDestroy(),
          );
        });
        socket.on('close', () => resolve());
      });
      assert.equal((await send(url, route.good)).status, 200);
    });

    it('OA-10: marks success and refusal alike: never cached, never sniffed, a correlation id of its own', async () => {
      const answers = [
        await send(url, route.good),
        await send(url, '['),
        await ask(url),
        await ask(`${base}/nowhere`),
        await ask(`${base}/%E0%A4%A`),
      ];
      assert.deepEqual(
        answers.map((a) => a.status),
        [200, 400, 405, 404, 404],
      );
      for (const { headers, json } of answers) {
        assert.equal(headers['cache-control'], 'no-store');
        assert.equal(headers.pragma, 'no-cache');
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.match(String(headers['x-correlation-id']), /^[0-9a-f]{32}$/);
        assert.equal(json.correlation_id, headers['x-correlation-id']);
        assert.equal(headers['x-powered-by'], undefined);
      }
      assert.equal(new Set(answers.map((a) => a.headers['x-correlation-id'])).size, answers.length);
    });
  });

  describe(`the time limits of ${route.name}`, () => {
    // Node measures these itself, so these few tests wait for real: some tens of milliseconds.
    const limits = { headersMs: 30, requestMs: 60 };
    afterEach(stopAll);

    it('end a caller who drips headers with 408 in JSON', async () => {
      const h = await start({ limits });
      const text = await raw(h[route.listener], `POST ${route.path} HTTP/1.1\r\nHost: localhost\r\nX-Slow:`);
      assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\n/);
      assert.match(text, /"error":"request_timeout"/);
      assert.match(text, /Cache-Control: no-store/);
    });

    it('end a caller who drips the body with 408 in JSON', async () => {
      const h = await start({ limits });
      const head = `Host: localhost\r\nContent-Type: ${route.type}\r\nContent-Length: 100\r\n\r\n{`;
      const text = await raw(h[route.listener], `POST ${route.path} HTTP/1.1\r\n${head}`);
      assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\n/);
      assert.match(text, /"error":"request_timeout"/);
    });
  });
}

describe('an idle connection', () => {
  afterEach(stopAll);

  it('is closed when nothing more is asked on it', async () => {
    // Node adds a second of its own to what it announces.
    const h = await start({ limits: { keepAliveMs: 20 } });
    const text = await raw(h.url, 'GET /api/mint/keys HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 400 /);
    assert.match(text, /Connection: keep-alive/);
  });
});
