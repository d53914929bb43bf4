import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createFetchText, type Resolve } from '../../../src/proof/issuer-keys/fetch-text.ts';
import { get, selfSigned, sendJson, servers } from './support.ts';

describe('dialling for a key document', () => {
  const { start, closeAll } = servers();
  afterEach(closeAll);

  describe('the dialled address', () => {
    it('P10: a name that leads to this machine, to metadata or to a private network is refused before any connection', async () => {
      const server = await start((_req, res) => sendJson(res, '{}'));
      for (const address of [
        '127.0.0.1',
        '::1',
        '169.254.169.254',
        '::ffff:127.0.0.1',
        '10.0.0.1',
        '0.0.0.0',
        'fd00::1',
      ]) {
        for (const loopback of [true, false]) {
          const fetching = get(`https://keys.example:${server.port}/`, { loopback }, async () => [address]);
          await assert.rejects(fetching, { code: 'address_refused' }, address);
        }
      }
      assert.equal(server.requests.length, 0);
    });

    it('P10: an address in the URL itself is checked like one that a name leads to', async () => {
      for (const host of [
        '169.254.169.254',
        '10.0.0.1',
        '[::ffff:10.0.0.1]',
        '[fe80::1]',
        '[64:ff9b::a9fe:a9fe]',
        '0',
      ]) {
        await assert.rejects(get(`https://${host}/`, { loopback: false }), { code: 'address_refused' }, host);
      }
    });

    it('P10: allowPrivate opens neither this machine nor metadata', async () => {
      for (const address of ['127.0.0.1', '169.254.169.254', 'fe80::1', 'fd00:ec2::254', '::ffff:10.0.0.1']) {
        const fetching = get('https://keys.example/', { allowPrivate: true }, async () => [address]);
        await assert.rejects(fetching, { code: 'address_refused' }, address);
      }
    });

    it('P10: the name is resolved once, and only a vetted address is dialled', async () => {
      const server = await start((_req, res) => sendJson(res, '{}'));
      let lookups = 0;
      const rebinding: Resolve = async () => (lookups++ === 0 ? ['169.254.169.254', '127.0.0.1'] : ['169.254.169.254']);
      assert.equal(await get(`http://localhost:${server.port}/`, {}, rebinding), '{}');
      assert.equal(lookups, 1);
      assert.equal(server.requests[0]!.headers.host, `localhost:${server.port}`);
    });

    it('a name whose servers are dead is looked up once, however often its fetch is given up', async () => {
      let lookups = 0;
      const fetchText = createFetchText(() => {
        lookups++;
        return new Promise<never>(() => {});
      });
      for (let i = 0; i < 3; i++) {
        const abort = new AbortController();
        const url = new URL('https://keys.example/');
        const fetching = fetchText({ url, allowPrivate: false, loopback: false, signal: abort.signal });
        abort.abort(new Error('enough'));
        await assert.rejects(fetching, { message: 'enough' });
      }
      assert.equal(lookups, 1);
    });

    it('says so when a name leads nowhere', async () => {
      const failing: Resolve = async () => {
        throw new Error('ENOTFOUND');
      };
      for (const resolve of [failing, async () => []]) {
        await assert.rejects(get('https://keys.example/', {}, resolve), { code: 'unresolvable' });
      }
    });

    it('P11: no proxy of the environment is used', async () => {
      const server = await start((_req, res) => sendJson(res, '{"direct": true}'));
      const proxy = await start((_req, res) => sendJson(res, '{"direct": false}'));
      const script = `
        const { createFetchText } = await import(${JSON.stringify(new URL('../../../src/proof/issuer-keys/fetch-text.ts', import.meta.url).href)});
        const signal = new AbortController().signal;
        console.log(await createFetchText()({ url: new URL('${server.url}'), allowPrivate: false, loopback: true, signal }));`;
      const env = {
        ...process.env,
        NODE_USE_ENV_PROXY: '1',
        HTTP_PROXY: proxy.url,
        http_proxy: proxy.url,
        NO_PROXY: '',
        no_proxy: '',
      };
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
      assert.equal(stdout.trim(), '{"direct": true}');
      assert.equal(proxy.requests.length, 0);
    });
  });

  describe('TLS', () => {
    const own = selfSigned();
    const other = selfSigned();
    before(function () {
      if (own && other) return;
      console.warn('      SKIPPED: openssl is needed to make certificates');
      this.skip();
    });

    it("ID-2: the policy's CA replaces the system's", async () => {
      const server = await start((_req, res) => sendJson(res, '{}'), own);
      assert.equal(await get(server.url, { caBundle: own!.cert }), '{}');
      assert.equal(await get(server.url.replace('127.0.0.1', 'localhost'), { caBundle: own!.cert }), '{}');
      for (const caBundle of [undefined, other!.cert]) {
        const request = caBundle === undefined ? {} : { caBundle };
        await assert.rejects(get(server.url, request), {
          code: 'unreachable',
          message: /CERT|SIGNED|SIGNATURE|issuer/i,
        });
      }
      assert.equal(server.requests.length, 2);
    });

    it('ID-2: a certificate is checked even where the environment says otherwise', async () => {
      const server = await start((_req, res) => sendJson(res, '{}'), own);
      const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      try {
        await assert.rejects(get(server.url), { code: 'unreachable' });
      } finally {
        if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
        else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      }
    });

    it('P10: https never falls back to http on a redirect', async () => {
      const plain = await start((_req, res) => sendJson(res, '{}'));
      const server = await start((_req, res) => res.writeHead(302, { location: plain.url }).end(), own);
      await assert.rejects(get(server.url, { caBundle: own!.cert }), { code: 'bad_redirect' });
      assert.equal(plain.requests.length, 0);
    });
  });
});
