import assert from 'node:assert/strict';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import type { Anchor } from '../../src/identity.ts';
import { createIssuerKeys } from '../../src/proof/issuer-keys/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

const PATH = '/agent/tenant-1/alice/global-worker/agent-22962c27';
const json = { 'content-type': 'application/json' };

describe('the development issuer as a trust domain', () => {
  const clock = new FakeClock('2026-11-21T12:00:00Z');
  const now = Date.parse('2026-11-21T12:00:00Z') / 1000;
  let issuer: DevIssuer;
  beforeEach(async () => {
    issuer = await createDevIssuer({ clock });
  });
  afterEach(() => issuer.close());

  const ask = async (body: unknown) => {
    const answer = await fetch(`${issuer.url}/token`, { method: 'POST', headers: json, body: JSON.stringify(body) });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };
  interface Bundle {
    readonly keys: readonly { readonly kid: string; readonly use: string }[];
    readonly spiffe_sequence?: number;
    readonly spiffe_refresh_hint?: number;
  }
  const bundle = async (url = issuer.bundleUrl) => (await (await fetch(url)).json()) as Bundle;

  it('JS-2, JS-3, JS-5: signs SVIDs as SPIRE does: sub, aud, iat and exp, and typ JWT', async () => {
    const { body } = await ask({ kind: 'spiffe', path: PATH, audience: 'satgate' });
    const token = body.token!;
    assert.deepEqual(decodeJwt(token), {
      sub: `spiffe://cluster.local${PATH}`,
      aud: ['satgate'],
      iat: now,
      exp: now + 300,
    });
    const { alg, kid, typ } = decodeProtectedHeader(token);
    assert.deepEqual([alg, typ], ['ES256', 'JWT']);
    const { keys } = await bundle();
    assert.ok(keys.some((key) => key.kid === kid));
    // To jose a key of use jwt-svid is none for signatures.
    const { payload } = await jwtVerify(
      token,
      createLocalJWKSet({ keys: keys.map(({ use: _, ...key }) => key) as never }),
      {
        currentDate: new Date(clock.now()),
      },
    );
    assert.equal(payload.sub, `spiffe://cluster.local${PATH}`);
    const rsa = await issuer.sign({ kind: 'spiffe', path: PATH, audience: ['a', 'b'], algorithm: 'RS256', ttl: 60 });
    assert.equal(decodeProtectedHeader(rsa).alg, 'RS256');
    assert.deepEqual([decodeJwt(rsa).aud, decodeJwt(rsa).exp], [['a', 'b'], now + 60]);
  });

  it('SB-1, SB-2: serves a bundle of keys for JWT-SVIDs alone, whose sequence grows with each rotation', async () => {
    const first = await bundle();
    assert.deepEqual([first.spiffe_sequence, first.spiffe_refresh_hint], [1, 60]);
    for (const { use, kid } of first.keys) assert.deepEqual([use, typeof kid], ['jwt-svid', 'string']);
    await issuer.rotate();
    const second = await bundle();
    assert.equal(second.spiffe_sequence, 2);
    assert.equal(second.keys.length, 4);
    assert.equal((await bundle(`${issuer.url}/jwks`)).keys[0]!.use, 'sig');
  });

  it('SB-4: shares no key with its other issuers', async () => {
    const kids = async (url: string) => (await bundle(url)).keys.map(({ kid }) => kid);
    const all = [issuer.bundleUrl, `${issuer.url}/jwks`, `${issuer.githubUrl}/jwks`];
    const found = (await Promise.all(all.map(kids))).flat();
    assert.equal(new Set(found).size, found.length);
  });

  it('SB-1, K8-9: is asked for its bundle by the mint, which takes a new key at once and drops a withdrawn one', async () => {
    const keys = createIssuerKeys({ clock, allowLoopbackHttp: true });
    const anchor: Anchor = {
      ...{ id: 'a', provider: 'spiffe', issuer: 'spiffe://cluster.local', algorithms: ['ES256'] },
      ...{ keys: { kind: 'bundleEndpoint', url: issuer.bundleUrl, allowPrivate: false }, proofCheck: 'Signature' },
    };
    const kidOf = async () => decodeProtectedHeader(await issuer.sign({ kind: 'spiffe', path: PATH })).kid;
    const former = await kidOf();
    assert.equal((await keys.keysFor(anchor, former, 'ES256'))[0]!.kid, former);
    await issuer.rotate({ withdraw: true });
    const kid = await kidOf();
    assert.equal((await keys.keysFor(anchor, kid, 'ES256'))[0]!.kid, kid);
    await assert.rejects(keys.keysFor(anchor, former, 'ES256'), { code: 'unknown_kid' });
    keys.close();
  });

  it('may be of another trust domain, and says what is wrong with a request', async () => {
    const other = await createDevIssuer({ clock, trustDomain: 'example.org' });
    assert.equal(decodeJwt(await other.sign({ kind: 'spiffe', path: '/x' })).sub, 'spiffe://example.org/x');
    await other.close();
    for (const [body, about] of [
      [{ kind: 'spiffe' }, /path is missing/],
      [{ kind: 'spiffe', path: 'agent' }, /path/],
      [{ kind: 'spiffe', path: '/x', algorithm: 'EdDSA' }, /algorithm/],
      [{ kind: 'spiffe', path: '/x', trustDomain: 'evil.example' }, /unknown member/],
    ] as const) {
      const answer = await ask(body);
      assert.equal(answer.status, 400);
      assert.match(answer.body.message!, about);
    }
  });
});
