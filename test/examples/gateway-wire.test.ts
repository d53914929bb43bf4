import assert from 'node:assert/strict';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { mint } from '../macaroon/support.ts';
import { gatewayWorld, TOKEN } from './gateway-world.ts';

describe('What the gateway of the examples reads', () => {
  let w: Awaited<ReturnType<typeof gatewayWorld>>;
  beforeEach(async () => {
    w = await gatewayWorld();
  });
  afterEach(() => w.close());

  for (const path of [
    '/reports/../free',
    '/reports/%2e%2e/free',
    '/reports//1',
    '/reports/a%2Fb',
    '/reports/a%5cb',
    '/reports/%252e%252e/free',
    '/reports/a;b',
    '/reports/%42oard',
    '/reports/Boar%64',
    '/reports/caf%c3%a9',
    '/reports/%c0%afx',
    '/reports/a%0ab',
    '/reports/board',
    '/reports/Board/',
    '/reports/BOARD/',
    'http://elsewhere/reports/1',
    '//elsewhere/reports/1',
    '*',
  ]) {
    it(`refuses ${path}, which two programs may read in two ways`, async () => {
      const socket = net.connect(w.port, '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`);
      assert.match(await text(socket), /^HTTP\/1\.1 (400|404) /);
      assert.equal(w.seen.length, 0);
    });
  }

  it('a route holds for what it names, and those after it do not', async () => {
    const [ours, boards] = [mint(['scope in read']), mint(['scope in board'])];
    assert.equal((await w.call('/reports/Board', {}, ours)).status, 403);
    assert.equal((await w.call('/reports/Board', {}, boards)).status, 201);
    for (const path of ['/reports/caf%C3%A9', '/reports/a%20b', '/reports/Boards', '/reports/board/1', '/reports/'])
      assert.equal((await w.call(path, {}, ours)).status, 201, path);
  });

  it('no header makes another call of it on its way to the upstream', async () => {
    const names = [
      'X-HTTP-Method-Override',
      'X-HTTP-Method',
      'X-Method-Override',
      'X_Method_Override',
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-Forwarded-Prefix',
      'X.Caller.Subject',
    ];
    const headers = Object.fromEntries(names.map((name) => [name, '/admin']));
    assert.equal((await w.call('/reports/7', { headers })).status, 201);
    assert.ok(!JSON.stringify(w.seen).includes('/admin'));
  });

  it('a call that no route names goes nowhere, with a token or without', async () => {
    for (const [path, method] of [
      ['/other', 'GET'],
      ['/reports', 'GET'],
      ['/reports/1', 'PUT'],
      ['/search', 'GET'],
    ] as const) {
      assert.equal((await w.call(path, { method })).status, 404, `${method} ${path}`);
    }
    assert.equal(w.seen.length, 0);
  });

  it('refuses two Authorization headers, and says where the body of any method ends', async () => {
    const raw = async (lines: readonly string[], body = '') => {
      const socket = net.connect(w.port, '127.0.0.1');
      socket.write(`${[...lines, 'Host: g', 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
      return await text(socket);
    };
    const bearer = `Authorization: Bearer ${mint(['scope in read,write'])}`;
    assert.match(await raw(['GET /reports/1 HTTP/1.1', bearer, bearer]), /^HTTP\/1\.1 400 /);
    const smuggled = 'GET /free HTTP/1.1\r\nHost: g\r\n\r\n';
    const chunked = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
    const got = await raw(['DELETE /reports/1 HTTP/1.1', bearer, 'Transfer-Encoding: chunked'], chunked);
    assert.match(got, /^HTTP\/1\.1 201 /);
    assert.deepEqual(
      w.seen.map(({ method, body }) => [method, body]),
      [['DELETE', smuggled]],
    );
  });
});
