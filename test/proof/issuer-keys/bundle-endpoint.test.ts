import assert from 'node:assert/strict';
import { createFetchText } from '../../../src/proof/issuer-keys/fetch-text.ts';
import { createIssuerKeys } from '../../../src/proof/issuer-keys/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { bundle, domain, endpoint, kidsOf, OUTAGE, selfSigned, sendJson, serve, setUp, svidKey } from './support.ts';

describe('the bundles of an endpoint', () => {
  it('SB-5: come over https alone; userinfo, and in a cluster this machine, are refused', async () => {
    for (const url of ['http://spire.example/', 'https://user:pass@spire.example/', 'https://127.0.0.1:1/', 'spire']) {
      const { fetched, keys } = setUp();
      await assert.rejects(keys.keysFor(domain('a.example', endpoint(url)), 'one', 'ES256'), OUTAGE);
      assert.match(keys.status()[0]!.error!, /^bad_url: /);
      assert.deepEqual(fetched, []);
      keys.close();
    }
  });

  it('SB-5: are not fetched through a redirect, not even within the origin', async () => {
    const text = bundle([svidKey('one')]);
    const server = await serve((req, res) => {
      if (req.url === '/moved') return void res.writeHead(302, { location: '/bundle' }).end();
      sendJson(res, text);
    });
    const keys = createIssuerKeys({ clock: new FakeClock(), allowLoopbackHttp: true });
    try {
      await assert.rejects(keys.keysFor(domain('a.example', endpoint(`${server.url}/moved`)), 'one', 'ES256'), OUTAGE);
      assert.match(keys.status()[0]!.error!, /^bad_redirect: /);
      assert.equal(server.requests.length, 1);
      const direct = domain('b.example', endpoint(`${server.url}/bundle`));
      assert.deepEqual(await kidsOf(keys.keysFor(direct, 'one', 'ES256')), ['one']);
      // The server asks nobody who they are, and is told nothing.
      assert.equal(server.requests.at(-1)!.headers.authorization, undefined);
    } finally {
      keys.close();
      await server.close();
    }
  });

  it('SB-5, SB-6: of profile https_web: the server is known by its certificate, and by the given CA alone', async function () {
    const tls = selfSigned();
    if (!tls) return this.skip();
    const server = await serve((_req, res) => sendJson(res, '{"keys":[]}'), tls);
    const get = (caBundle?: string) =>
      createFetchText()({
        url: new URL(server.url),
        allowPrivate: false,
        loopback: true,
        refuseRedirects: true,
        signal: AbortSignal.timeout(10_000),
        ...(caBundle !== undefined && { caBundle }),
      });
    try {
      await assert.rejects(get(), { code: 'unreachable' });
      assert.equal(await get(tls.cert), '{"keys":[]}');
    } finally {
      await server.close();
    }
  });
});
