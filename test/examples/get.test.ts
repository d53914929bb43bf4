import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { getJson } from './support.ts';

describe('A request of the feed', () => {
  let server: http.Server;
  let url: URL;
  let handler: http.RequestListener;
  beforeEach(async () => {
    server = http.createServer((req, res) => handler(req, res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x?resource=r`);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const ask = (deadline = 2_000) =>
    getJson(url, { authorization: 'Bearer t' }, { deadline, signal: new AbortController().signal });

  it('is a GET with its headers, on a connection of its own', async () => {
    const ports = new Set<number | undefined>();
    handler = (req, res) => {
      ports.add(req.socket.remotePort);
      res.end(JSON.stringify({ url: req.url, token: req.headers.authorization }));
    };
    const { status, body } = await ask();
    assert.deepEqual([status, body], [200, { url: '/x?resource=r', token: 'Bearer t' }]);
    await ask();
    assert.equal(ports.size, 2);
  });

  it('has no body on 304, and follows no redirect: the token is for one host', async () => {
    handler = (_req, res) => res.writeHead(304).end();
    assert.deepEqual(await ask().then(({ status, body }) => [status, body]), [304, undefined]);
    handler = (_req, res) => res.writeHead(302, { location: 'http://elsewhere.invalid/' }).end();
    assert.equal((await ask()).status, 302);
  });

  for (const [what, answer] of [
    ['no answer at all', () => {}],
    ['headers and no body', (_req, res) => res.writeHead(200, { 'content-length': 5 }).write('{')],
  ] as [string, http.RequestListener][]) {
    it(`ends in time: ${what}`, async () => {
      handler = answer;
      const began = performance.now();
      await assert.rejects(ask(50));
      assert.ok(performance.now() - began < 1_500);
    });
  }

  it('fails where the connection is cut halfway', async () => {
    handler = (_req, res) => {
      res.writeHead(200, { 'content-length': 50 });
      res.write('{"keys":[');
      setImmediate(() => res.destroy());
    };
    await assert.rejects(ask());
  });
});
