import assert from 'node:assert/strict';
import type { ServerOptions } from '../../src/server/index.ts';
import { ask, type Harness, post, raw, start, stopAll } from './support.ts';

const SECRET = 'a-token-for-the-test';
const provider = () => Buffer.from(SECRET);

/** The guarded routes: who may ask is one rule with two secrets. */
const ROUTES = [
  {
    name: 'verify',
    listener: 'url',
    secret: 'verifierToken',
    send: (u: string, h = {}) => post(`${u}/api/mint/verify`, { token: 't', resource: 'r' }, h),
  },
  {
    name: 'keys',
    listener: 'url',
    secret: 'verifierToken',
    send: (u: string, headers = {}) => ask(`${u}/api/mint/keys?resource=r`, { headers }),
  },
  {
    name: 'revocations',
    listener: 'url',
    secret: 'verifierToken',
    send: (u: string, headers = {}) => ask(`${u}/api/mint/revocations?resource=r`, { headers }),
  },
  {
    name: 'policies',
    listener: 'opsUrl',
    secret: 'adminToken',
    send: (u: string, headers = {}) => ask(`${u}/policies`, { headers }),
  },
  {
    name: 'explain',
    listener: 'opsUrl',
    secret: 'adminToken',
    send: (u: string, h = {}) => post(`${u}/explain`, { credentials: 'p' }, h),
  },
] as const;

for (const { name, listener, secret, send } of ROUTES) {
  describe(`who may ask ${name}`, () => {
    const begin = async (options: Partial<ServerOptions> = {}) => {
      const h: Harness = await start(options);
      return h[listener];
    };
    afterEach(stopAll);

    it('anybody on this machine, by a loopback listener without a token file', async () => {
      const url = await begin();
      const { port } = new URL(url);
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'LOCALHOST', '[::1]:80', '127.1.2.3']) {
        assert.equal((await send(url, { Host: host })).status, 200, host);
      }
    });

    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '10.0.0.1',
      '[::2]',
      '0.0.0.0',
    ]) {
      it(`nobody whose Host is ${host}: a page that rebound its name to this machine`, async () => {
        const answer = await send(await begin(), { Host: host });
        assert.equal(answer.status, 403);
        assert.equal(answer.json.error, 'forbidden');
      });
    }

    it('nobody whose request target names another host than its Host, which then does not count', async () => {
      const method = name === 'verify' || name === 'explain' ? 'POST' : 'GET';
      const path = { verify: '/api/mint/verify', policies: '/policies', explain: '/explain' }[name as string];
      const target = `http://evil.example${path ?? `/api/mint/${name}?resource=r`}`;
      const head = [`${method} ${target} HTTP/1.1`, 'Host: localhost', 'Content-Length: 0', 'Connection: close'];
      assert.match(await raw(await begin(), `${head.join('\r\n')}\r\n\r\n`), /^HTTP\/1\.1 403 /);
    });

    for (const header of ['Origin', 'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP', 'Via']) {
      it(`P41: nobody with ${header}: a browser page or a proxy, whatever it claims`, async () => {
        const answer = await send(await begin(), { [header]: 'http://localhost' });
        assert.equal(answer.status, 403);
        assert.match(answer.json.error_description, new RegExp(header, 'i'));
      });
    }

    it('with a token file, whoever presents the token, and nobody else, on this machine or not', async () => {
      const url = await begin({ [secret]: provider });
      assert.equal((await send(url, { Authorization: `Bearer ${SECRET}` })).status, 200);
      assert.equal((await send(url, { Authorization: `bearer ${SECRET}`, 'X-Forwarded-For': '10.1.1.1' })).status, 200);
      const missing = await send(url);
      assert.equal(missing.status, 401);
      assert.equal(missing.headers['www-authenticate'], 'Bearer realm="trustmint"');
      for (const wrong of [`Bearer ${SECRET}x`, `Bearer ${SECRET.slice(1)}`, 'Bearer x']) {
        const answer = await send(url, { Authorization: wrong });
        assert.equal(answer.status, 401);
        assert.equal(answer.headers['www-authenticate'], 'Bearer realm="trustmint", error="invalid_token"');
        assert.equal(answer.json.error, 'unauthorized');
      }
      assert.equal((await send(url, { Authorization: `Basic ${SECRET}` })).status, 401);
    });

    it('nobody while the token file provides no token', async () => {
      const url = await begin({ [secret]: () => undefined });
      assert.equal((await send(url, { Authorization: `Bearer ${SECRET}` })).status, 401);
      const empty = await begin({ [secret]: () => new Uint8Array() });
      assert.equal((await send(empty, { Authorization: 'Bearer x' })).status, 401);
    });

    it('nobody by a listener beyond loopback that has no token file, not even from this machine', async () => {
      const beyond = { host: '0.0.0.0', port: 0 };
      const url = await begin({ listen: beyond, opsListen: beyond, insecureHttp: true });
      const answer = await send(`http://127.0.0.1:${new URL(url).port}`, { Authorization: `Bearer ${SECRET}` });
      assert.equal(answer.status, 401);
      assert.match(answer.json.error_description, /-token-file/);
    });
  });
}

describe('headers and authority', () => {
  afterEach(stopAll);

  it('P41: no header makes an exchange another peer’s, another tenant’s or a trusted one', async () => {
    const h = await start();
    const headers = {
      'X-Forwarded-For': '10.9.9.9',
      Forwarded: 'for=10.9.9.9',
      'X-Real-IP': '10.9.9.9',
      'X-Forwarded-User': 'admin',
      'X-Trustmint-Tenant': 'evil',
      'X-Original-URL': '/policies',
    };
    await post(`${h.url}/api/mint/exchange`, { credentials: 'p' }, headers);
    const { correlationId: _, ...request } = h.engine.exchanges[0]!;
    assert.deepEqual(
      Object.entries(request).filter(([, value]) => value !== undefined),
      [
        ['door', 'native'],
        ['peer', '127.0.0.1'],
        ['proof', 'p'],
      ],
    );
  });

  it('P41: the verifiers’ token does not open the operators’ routes, nor theirs the verifiers’', async () => {
    const h = await start({ verifierToken: provider, adminToken: () => Buffer.from('another-token-entirely') });
    const headers = { Authorization: `Bearer ${SECRET}` };
    assert.equal((await ask(`${h.url}/api/mint/keys?resource=r`, { headers })).status, 200);
    assert.equal((await ask(`${h.opsUrl}/policies`, { headers })).status, 401);
    const admin = { Authorization: 'Bearer another-token-entirely' };
    assert.equal((await ask(`${h.opsUrl}/policies`, { headers: admin })).status, 200);
    assert.equal((await ask(`${h.url}/api/mint/keys?resource=r`, { headers: admin })).status, 401);
  });

  it('P44: operators’ routes do not exist on the public listener, nor public ones on theirs', async () => {
    const h = await start({ adminToken: provider });
    for (const path of ['/healthz', '/readyz', '/metrics', '/policies', '/explain']) {
      assert.equal((await ask(`${h.url}${path}`)).status, 404, path);
    }
    for (const path of ['/api/mint/exchange', '/api/mint/verify', '/api/mint/keys', '/api/mint/revocations']) {
      assert.equal((await post(`${h.opsUrl}${path}`, {})).status, 404, path);
    }
  });

  it('P44: no spelling of a guarded path slips past its guard', async () => {
    const h = await start({ verifierToken: provider, adminToken: provider });
    const paths = [
      '/policies/',
      '//policies',
      '/POLICIES',
      '/policies%2f',
      '/./policies',
      '/policies;a',
      '/x/../policies',
    ];
    for (const path of [...paths, 'http://localhost/policies', '/policies?x', '/policies#x']) {
      const text = await raw(h.opsUrl, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      assert.match(text, /^HTTP\/1\.1 40[014] /, path);
    }
    assert.equal((await ask(`${h.opsUrl}/policies`, { method: 'HEAD' })).status, 401);
  });
});

describe('correlation ids', () => {
  afterEach(stopAll);

  it('a caller’s own id is recorded beside ours, capped and without anything but visible ASCII', async () => {
    const h = await start();
    const url = `${h.url}/api/mint/exchange`;
    const answer = await post(url, { credentials: 'p' }, { 'X-Correlation-Id': 'call er-1\t\u00fc' });
    await post(url, { credentials: 'p' }, { 'X-Request-Id': 'x'.repeat(500) });
    await post(url, '[', { 'X-Request-Id': 'of-a-refusal' });
    assert.notEqual(answer.json.correlation_id, 'caller-1');
    assert.deepEqual(
      h.engine.exchanges.map((e) => e.callerId),
      ['caller-1', 'x'.repeat(128)],
    );
    assert.equal(h.engine.refusals[0]?.callerId, 'of-a-refusal');
  });

  it('come from the injected randomness and never repeat within a draw', async () => {
    let drawn = 0;
    const random = (n: number) => {
      drawn += n;
      return Uint8Array.from({ length: n }, (_, i) => i);
    };
    const h = await start({ random });
    const first = await ask(`${h.url}/x`);
    const second = await ask(`${h.url}/x`);
    assert.equal(first.json.correlation_id, '000102030405060708090a0b0c0d0e0f');
    assert.equal(second.json.correlation_id, '101112131415161718191a1b1c1d1e1f');
    assert.equal(drawn, 1024);
  });
});
