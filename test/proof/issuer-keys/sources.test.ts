import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Anchor, KeySource } from '../../../src/identity.ts';
import { createIssuerKeys, type IssuerKeys, type IssuerKeysOptions } from '../../../src/proof/issuer-keys/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anchor, jwk, jwks, sendJson, serve, type TestServer } from './support.ts';

const WELL_KNOWN = '/.well-known/openid-configuration';
const DISCOVERY: KeySource = { kind: 'discovery', allowPrivate: false };

describe('sources of keys', () => {
  const servers: TestServer[] = [];
  const opened: IssuerKeys[] = [];
  let clock: FakeClock;

  const start = async (answer: (req: IncomingMessage, res: ServerResponse) => void) => {
    const server = await serve(answer);
    servers.push(server);
    return server;
  };
  const open = (options: Partial<IssuerKeysOptions> = {}) => {
    const keys = createIssuerKeys({ clock, random: (n) => new Uint8Array(n), allowLoopbackHttp: true, ...options });
    opened.push(keys);
    return keys;
  };
  /** Why an anchor's keys cannot be had, as its status says. */
  const errorOf = async (of: Anchor, options: Partial<IssuerKeysOptions> = {}) => {
    const keys = open(options);
    await assert.rejects(keys.keysFor(of, 'one', 'ES256'), { code: 'keys_unavailable', outage: true });
    return keys.status()[0]!.error!;
  };

  beforeEach(() => {
    clock = new FakeClock();
  });
  afterEach(async () => {
    for (const keys of opened.splice(0)) keys.close();
    for (const server of servers.splice(0)) await server.close();
  });

  /** An issuer with a path; `metadata` replaces members of its discovery document. */
  const issuer = async (metadata: Record<string, unknown> = {}, path = '/id/ABC') => {
    const set = jwks(jwk('one'));
    const server: TestServer = await start((req, res) => {
      const url = `http://127.0.0.1:${server.port}${path}`;
      if (req.url === `${path.replace(/\/$/, '')}${WELL_KNOWN}`) {
        return sendJson(res, JSON.stringify({ issuer: url, jwks_uri: `${server.url}/jwks`, ...metadata }));
      }
      if (req.url === '/jwks') return sendJson(res, set, { 'cache-control': 'max-age=2592000' });
      res.writeHead(404).end();
    });
    return { server, url: `${server.url}${path}` };
  };

  for (const path of ['', '/', '/id/ABC', '/tenant/guid/']) {
    it(`P16: discovery finds the keys of an issuer whose path is ${path || 'empty'}, and status shows where`, async () => {
      const { server, url } = await issuer({}, path);
      const keys = open();
      assert.equal((await keys.keysFor(anchor('a', DISCOVERY, url), 'one', 'ES256'))[0]!.kid, 'one');
      assert.equal(keys.status()[0]!.source, `discovery ${server.url}/jwks`);
      assert.equal(server.requests.length, 2);
    });
  }

  it('ID-2, P10: discovery whose issuer is not byte for byte the configured one is refused', async () => {
    for (const stated of [undefined, null, 7, '', 'https://evil.example', ['x']]) {
      const { url } = await issuer({ issuer: stated });
      assert.match(await errorOf(anchor('a', DISCOVERY, url)), /^issuer_mismatch: /);
    }
    const { url } = await issuer({}, '/id/ABC');
    for (const configured of [`${url}/`, url.replace('127.0.0.1', 'localhost')]) {
      assert.match(await errorOf(anchor('a', DISCOVERY, configured)), /^issuer_mismatch: /, configured);
    }
  });

  it('ID-2: discovery without a usable jwks_uri is refused', async () => {
    for (const [uri, code] of [
      [undefined, 'bad_metadata'],
      [7, 'bad_metadata'],
      ['/jwks', 'bad_url'],
      ['http://keys.example/jwks', 'bad_url'],
      ['https://user:pass@keys.example/jwks', 'bad_url'],
      ['file:///etc/passwd', 'bad_url'],
      ['https://169.254.169.254/jwks', 'address_refused'],
      ['https://10.0.0.1/jwks', 'address_refused'],
    ] as const) {
      const { url } = await issuer({ jwks_uri: uri });
      assert.match(await errorOf(anchor('a', DISCOVERY, url)), new RegExp(`^${code}: `), String(uri));
    }
  });

  it('P10: the metadata of an issuer elsewhere cannot point at this machine', async () => {
    const inner = await start((_req, res) => sendJson(res, jwks(jwk('one'))));
    const url = 'https://issuer.example';
    const fetched: string[] = [];
    const fetchText: IssuerKeysOptions['fetchText'] = async (request) => {
      fetched.push(request.url.href);
      assert.equal(request.loopback, false);
      return JSON.stringify({ issuer: url, jwks_uri: `${inner.url}/jwks` });
    };
    assert.match(await errorOf(anchor('a', DISCOVERY, url), { fetchText }), /^bad_url: /);
    assert.deepEqual(fetched, [`${url}${WELL_KNOWN}`]);
    assert.equal(inner.requests.length, 0);
  });

  it('P10: in a cluster, nothing on this machine is asked, and nothing over http', async () => {
    const { server, url } = await issuer();
    const at = (target: string): KeySource => ({ kind: 'jwksUrl', url: target, allowPrivate: true });
    for (const of of [
      anchor('a', DISCOVERY, url),
      anchor('b', at(`${server.url}/jwks`)),
      anchor('c', at(`https://127.0.0.1:${server.port}/jwks`)),
      anchor('d', at(`https://localhost:${server.port}/jwks`)),
    ]) {
      assert.match(await errorOf(of, { allowLoopbackHttp: false }), /^bad_url: /, of.id);
    }
    assert.equal(server.requests.length, 0);
  });

  it("P13: what the issuer's Cache-Control says changes nothing: five minutes it is", async () => {
    const { server, url } = await issuer();
    await open().keysFor(anchor('a', DISCOVERY, url), 'one', 'ES256');
    await clock.advance(299_999);
    assert.equal(server.requests.length, 2);
    await clock.advance(1);
    while (server.requests.length < 3) await new Promise(setImmediate);
  });

  it('P12: an issuer that drips its answer is given up on after 8 s, all documents together', async () => {
    let dripping: ServerResponse | undefined;
    const server: TestServer = await start((req, res) => {
      if (req.url === WELL_KNOWN) {
        return sendJson(res, JSON.stringify({ issuer: server.url, jwks_uri: `${server.url}/jwks` }));
      }
      res.writeHead(200).write('{');
      dripping = res;
    });
    const keys = open();
    const refused = assert.rejects(keys.keysFor(anchor('a', DISCOVERY, server.url), 'one', 'ES256'), { outage: true });
    while (!dripping) await new Promise(setImmediate);
    const hungUp = new Promise((done) => dripping!.once('close', done));
    for (let i = 0; i < 8; i++) {
      dripping.write(' ');
      await clock.advance(1_000);
    }
    await refused;
    await hungUp;
    assert.match(keys.status()[0]!.error!, /^timeout: /);
  });

  it('P11: no document is asked for with a credential', async () => {
    const { server, url } = await issuer();
    await open().keysFor(anchor('a', DISCOVERY, url), 'one', 'ES256');
    for (const { headers } of server.requests) {
      for (const name of ['authorization', 'cookie', 'proxy-authorization']) assert.equal(headers[name], undefined);
    }
  });

  it('inline keys never age and are never asked for again', async () => {
    const keys = open({ maxKeyAgeSeconds: 60 });
    const a = anchor('a', { kind: 'inline', jwks: jwks(jwk('one')) });
    keys.retain([a]);
    await clock.advance(1_000_000);
    assert.equal((await keys.keysFor(a, 'one', 'ES256'))[0]!.kid, 'one');
    await assert.rejects(keys.keysFor(a, 'two', 'ES256'), { code: 'unknown_kid' });
    assert.equal(clock.pending, 0);
  });

  it('ConfigMaps and the cluster are asked through their ports, again at each refresh', async () => {
    let current = jwks(jwk('one'));
    const asked: string[][] = [];
    const read = async (...what: string[]) => {
      asked.push(what);
      return current;
    };
    const keys = open({
      configMaps: { read: (name, key) => read(name, key) },
      cluster: { read: (issuerName) => read(issuerName) },
    });
    const anchors = [
      anchor('a', { kind: 'configMap', name: 'spoke-1', key: 'jwks.json' }),
      anchor('b', { kind: 'cluster' }, 'https://kubernetes.default.svc'),
    ];
    for (const of of anchors) assert.equal((await keys.keysFor(of, 'one', 'ES256'))[0]!.kid, 'one');
    assert.deepEqual(asked, [['spoke-1', 'jwks.json'], ['https://kubernetes.default.svc']]);
    current = jwks(jwk('two'));
    await clock.advance(300_000);
    for (const of of anchors) await assert.rejects(keys.keysFor(of, 'one', 'ES256'), { code: 'unknown_kid' });
    assert.deepEqual(
      keys.status().map((row) => row.source),
      ['configMap spoke-1/jwks.json', 'cluster'],
    );
  });

  it('where there are no ConfigMaps or no cluster, that is an outage that says so', async () => {
    assert.match(
      await errorOf(anchor('a', { kind: 'configMap', name: 'x', key: 'y' })),
      /^not_available: .*ConfigMaps/,
    );
    assert.match(await errorOf(anchor('a', { kind: 'cluster' })), /^not_available: .*cluster/);
  });
});
