import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { MAX_BODY } from '../../../src/proof/issuer-keys/fetch-text.ts';
import { get, sendJson, servers } from './support.ts';

describe('fetching a key document', () => {
  const { start, closeAll } = servers();
  afterEach(closeAll);

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
});
