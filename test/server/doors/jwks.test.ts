import assert from 'node:assert/strict';
import { type Harness, start, stopAll } from '../support.ts';

describe('GET /oauth2/jwks', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await start();
  });
  afterEach(stopAll);

  const ask = (headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${h.url}/oauth2/jwks`, { headers, method });

  it('gives anybody the set, to be cached for minutes, in a browser too', async () => {
    const answer = await ask({ origin: 'https://app.example', 'x-forwarded-for': '192.0.2.1' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=600');
    assert.equal(answer.headers.get('pragma'), null);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.deepEqual(await answer.json(), h.engine.onJwks());
  });

  it('answers 304 to who has it already, and the new set after it changed', async () => {
    const etag = (await ask()).headers.get('etag')!;
    assert.match(etag, /^"[A-Za-z0-9_-]+"$/);
    const same = await ask({ 'if-none-match': etag });
    assert.deepEqual([same.status, await same.text(), same.headers.get('etag')], [304, '', etag]);
    assert.equal(same.headers.get('cache-control'), 'public, max-age=600');
    h.engine.onJwks = () => ({
      keys: [{ kid: 'k2.eddsa', alg: 'EdDSA', use: 'sig', kty: 'OKP', crv: 'Ed25519', x: 'eA' }],
    });
    const other = await ask({ 'if-none-match': etag });
    assert.equal(other.status, 200);
    assert.notEqual(other.headers.get('etag'), etag);
  });

  it('is 503, and nothing to cache, while there are no keys', async () => {
    h.engine.onJwks = () => ({ granted: false, code: 'temporarily_unavailable', message: 'no keys yet' });
    const answer = await ask();
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.ok(answer.headers.get('retry-after'));
    await answer.text();
  });

  it('takes GET and HEAD alone, on the public listener alone, and is counted', async () => {
    const post = await ask({}, 'POST');
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
    const head = await ask({}, 'HEAD');
    assert.deepEqual([head.status, await head.text()], [200, '']);
    assert.equal((await fetch(`${h.opsUrl}/oauth2/jwks`)).status, 404);
    h.engine.onJwks = () => ({ granted: false, code: 'temporarily_unavailable', message: 'no keys yet' });
    await ask();
    const metrics = await (await fetch(`${h.opsUrl}/metrics`)).text();
    assert.match(metrics, /^trustmint_jwks_requests_total\{result="sent"\} 1$/m);
    assert.match(metrics, /^trustmint_jwks_requests_total\{result="refused"\} 1$/m);
    assert.match(metrics, /^trustmint_own_keys\{state="retired"\} 2$/m);
    assert.match(metrics, /^trustmint_own_key_age_seconds 4711$/m);
  });
});
