import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import {
  createFetchText,
  type FetchRequest,
  MAX_BODY,
  type Resolve,
} from '../../../src/proof/issuer-keys/fetch-text.ts';
import { selfSigned, sendJson, serve, type TestServer } from './support.ts';

const get = (url: string, options: Partial<FetchRequest> = {}, resolve?: Resolve) =>
  createFetchText(resolve)({
    url: new URL(url),
    allowPrivate: false,
    loopback: true,
    signal: new AbortController().signal,
    ...options,
  });

describe('fetching a key document', () => {
  const servers: TestServer[] = [];
  const start = async (
    answer: (req: IncomingMessage, res: ServerResponse) => void,
    tls?: { key: string; cert: string },
  ) => {
    const server = await serve(answer, tls);
    servers.push(server);
    return server;
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  it('P11: sends no credential, whatever the URL, and asks for no encoding', async () => {
    const server = await start((req, res) =>
      req.url === '/moved'
        ? sendJson(res, '{}')
        : res.writeHead(302, { location: '/moved', 'set-cookie': 'a=b' }).end(),
    );
    assert.equal(await get(`${server.url}/keys`), '{}');
    assert.equal(server.requests.length, 2);
    for (const { headers, method } of server.requests) {
      assert.equal(method, 'GET');
      assert.equal(headers['accept-encoding'], 'identity');
      assert.deepEqual(Object.keys(headers).sort(), ['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
    }
  });

  it('takes JSON by any of its names, and refuses a web page', async () => {
    let type: string | undefined;
    const server = await start((_req, res) =>
      res.writeHead(200, type === undefined ? {} : { 'content-type': type }).end('{}'),
    );
    for (type of [
      undefined,
      'application/json; charset=utf-8',
      'application/jwk-set+json',
      'Application/JSON',
      'text/plain',
    ]) {
      assert.equal(await get(server.url), '{}', type);
    }
    type = 'text/html';
    await assert.rejects(get(server.url), { code: 'bad_content_type' });
  });

  it('refuses every status but 200', async () => {
    let status = 200;
    const server = await start((_req, res) => res.writeHead(status).end('{}'));
    for (status of [201, 204, 206, 302, 304, 401, 404, 500, 503]) {
      await assert.rejects(get(server.url), { code: 'bad_status' }, String(status));
    }
  });

  it('P12: stops reading at 256 KiB, whether or not the length was announced', async () => {
    const server = await start((req, res) => {
      if (req.url === '/announced') return void res.writeHead(200, { 'content-length': MAX_BODY + 1 }).flushHeaders();
      if (req.url === '/exact') return sendJson(res, ' '.repeat(MAX_BODY));
      res.writeHead(200);
      const more = () => {
        while (!res.destroyed && res.write('x'.repeat(16_384)));
      };
      res.on('drain', more);
      more();
    });
    assert.equal((await get(`${server.url}/exact`)).length, MAX_BODY);
    await assert.rejects(get(`${server.url}/announced`), { code: 'too_large' });
    await assert.rejects(get(`${server.url}/endless`), { code: 'too_large' });
    const { socket } = server.requests[2]!;
    await new Promise<void>((done) => (socket.destroyed ? done() : socket.once('close', () => done())));
  });

  it('P12: never unpacks a body', async () => {
    const bomb = gzipSync(Buffer.alloc(4 * MAX_BODY));
    const server = await start((_req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    await assert.rejects(get(server.url), { code: 'encoded_body' });
  });

  it('refuses an answer that breaks off, and one that is not UTF-8', async () => {
    const server = await start((req, res) => {
      if (req.url === '/latin1') return void res.writeHead(200).end(Buffer.from([0x7b, 0xe4, 0x7d]));
      res.writeHead(200, { 'content-length': 100 });
      res.write('{', () => res.destroy());
    });
    await assert.rejects(get(server.url), { code: 'unreachable' });
    await assert.rejects(get(`${server.url}/latin1`), { code: 'not_json' });
  });

  it('P12: ends with its signal at every stage: names, headers, bodies', async () => {
    const server = await start((req, res) => {
      if (req.url === '/slow') res.writeHead(200).write('{');
    });
    const reason = new Error('enough');
    for (const [url, resolve] of [
      [`${server.url}/silent`, undefined],
      [`${server.url}/slow`, undefined],
      ['https://slow-names.example/', () => new Promise<never>(() => {})],
    ] as const) {
      const abort = new AbortController();
      const fetching = get(url, { signal: abort.signal }, resolve);
      const seen = server.requests.length;
      while (url.startsWith('http:') && server.requests.length === seen) await new Promise(setImmediate);
      abort.abort(reason);
      await assert.rejects(fetching, reason);
    }
    await assert.rejects(get(server.url, { signal: AbortSignal.abort(reason) }), reason);
  });

  describe('redirects', () => {
    it('ID-2: are followed within the origin, three times', async () => {
      const server = await start((req, res) => {
        const left = Number(req.url!.slice(1));
        if (left === 0) sendJson(res, '{}');
        else
          res
            .writeHead(left % 2 ? 301 : 307, { location: left % 2 ? `/${left - 1}` : `${server.url}/${left - 1}` })
            .end();
      });
      assert.equal(await get(`${server.url}/3`), '{}');
      await assert.rejects(get(`${server.url}/4`), { code: 'bad_redirect' });
      assert.equal(server.requests.length, 8);
    });

    it('P10: never lead to another host, port or scheme', async () => {
      const inner = await start((_req, res) => sendJson(res, '{"secret": true}'));
      let location = '';
      const server = await start((_req, res) => res.writeHead(302, { location }).end());
      for (location of [
        inner.url,
        inner.url.replace('http://', '//'),
        `http://localhost:${server.port}/`,
        `https://127.0.0.1:${server.port}/`,
        `http://127.0.0.1@127.0.0.1:${inner.port}/`,
        'http://169.254.169.254/latest/meta-data/',
        'file:///etc/passwd',
        'http://[',
      ]) {
        await assert.rejects(get(server.url), { code: 'bad_redirect' }, location);
      }
      for (location of [`http://u:p@127.0.0.1:${server.port}/`, '/x#y']) {
        await assert.rejects(get(server.url), { code: 'bad_url' }, location);
      }
      assert.equal(inner.requests.length, 0);
    });
  });

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
