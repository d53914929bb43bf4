import assert from 'node:assert/strict';
import http from 'node:http';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import type { Anchor } from '../../src/identity.ts';
import { createIssuerKeys } from '../../src/proof/issuer-keys/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Plain HTTP, for `fetch` lets nobody choose Host. */
function request(url: string, method: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((done, fail) => {
    const req = http.request(url, { method, headers, agent: false }, async (res) => {
      let text = '';
      for await (const chunk of res.setEncoding('utf8')) text += chunk;
      done({ status: res.statusCode!, body: JSON.parse(text) });
    });
    req.on('error', fail);
    req.end(body);
  });
}

const json = { 'content-type': 'application/json' };

describe('the development issuer', () => {
  const clock = new FakeClock('2026-11-21T12:00:00Z');
  const now = Date.parse('2026-11-21T12:00:00Z') / 1000;
  let issuer: DevIssuer;
  before(async () => {
    issuer = await createDevIssuer({ clock });
  });
  after(() => issuer.close());

  const ask = (body: unknown) => request(`${issuer.url}/token`, 'POST', json, JSON.stringify(body));

  /** What a relying party does that knows nothing but the issuer's name. */
  async function verified(token: string, name: string) {
    const { body } = await request(`${name}/.well-known/openid-configuration`, 'GET', {});
    assert.equal(body.issuer, name);
    const keys = createRemoteJWKSet(new URL(String(body.jwks_uri)));
    const { payload } = await jwtVerify(token, keys, { issuer: name, currentDate: new Date(clock.now()) });
    return payload;
  }

  it('signs service-account tokens as a cluster does: bound, with the same uids each time', async () => {
    const body = {
      kind: 'service-account',
      namespace: 'ai-agents',
      serviceAccount: 'research-agent',
      audience: 'satgate',
    };
    const [first, second] = [await ask(body), await ask(body)];
    const claims = await verified(String(first.body.token), issuer.url);
    const bound = claims['kubernetes.io'] as Record<string, { name: string; uid: string }>;
    assert.equal(claims.sub, 'system:serviceaccount:ai-agents:research-agent');
    assert.deepEqual(claims.aud, ['satgate']);
    assert.deepEqual([claims.iat, claims.nbf, claims.exp], [now, now, now + 3600]);
    assert.deepEqual(Object.keys(bound).sort(), ['namespace', 'pod', 'serviceaccount']);
    assert.equal(bound.serviceaccount!.name, 'research-agent');
    assert.equal(bound.pod!.name, 'research-agent-0');
    assert.match(bound.pod!.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(bound.pod!.uid, bound.serviceaccount!.uid);
    const again = decodeJwt(String(second.body.token));
    assert.deepEqual(again['kubernetes.io'], claims['kubernetes.io']);
    assert.notEqual(again.jti, claims.jti);
  });

  it('gives accounts of one name in two namespaces different uids', async () => {
    const uidIn = async (namespace: string) => {
      const token = await issuer.sign({
        kind: 'service-account',
        namespace,
        serviceAccount: 'a',
        pod: null,
        node: 'n1',
      });
      const bound = decodeJwt(token)['kubernetes.io'] as Record<string, { uid: string }>;
      assert.deepEqual(Object.keys(bound).sort(), ['namespace', 'node', 'serviceaccount']);
      return bound.serviceaccount!.uid;
    };
    assert.notEqual(await uidIn('one'), await uidIn('two'));
  });

  it("GH-3: answers GitHub's request URL with a token whose claims are all strings", async () => {
    const url = `${issuer.actionsUrl}&run_id=1001&repository=acme-corp/ai-pipeline&ref=refs/heads/main&audience=satgate`;
    const { status, body } = await request(url, 'GET', { authorization: `bearer ${issuer.requestToken}` });
    assert.equal(status, 200);
    assert.equal(body.count, String(body.value).length);
    const { aud, iss, sub, iat, nbf, exp, jti, ...claims } = await verified(String(body.value), issuer.githubUrl);
    assert.deepEqual(
      [aud, iss, sub],
      ['satgate', `${issuer.url}/_services/token`, 'repo:acme-corp/ai-pipeline:ref:refs/heads/main'],
    );
    assert.deepEqual([iat, nbf, exp, typeof jti], [now, now, now + 300, 'string']);
    for (const name of [
      'repository_id',
      'repository_owner_id',
      'workflow_ref',
      'job_workflow_ref',
      'runner_environment',
    ]) {
      assert.ok(claims[name], name);
    }
    assert.equal(claims.run_id, '1001');
    assert.deepEqual(
      Object.entries(claims).filter(([, value]) => typeof value !== 'string'),
      [],
    );
  });

  it("GH-2: without an audience, GitHub's is the owner's address", async () => {
    const claims = decodeJwt(await issuer.sign({ kind: 'github', claims: { repository: 'octo/cat' } }));
    assert.equal(claims.aud, 'https://github.com/octo');
  });

  it('refuses a GitHub token to whoever lacks the request token', async () => {
    for (const authorization of [
      '',
      'bearer',
      'bearer ',
      'bearer x',
      `basic ${issuer.requestToken}`,
      `bearer ${issuer.requestToken}x`,
    ]) {
      const { status, body } = await request(issuer.actionsUrl, 'GET', { authorization });
      assert.deepEqual([status, body.error, body.value], [401, 'unauthorized', undefined], authorization);
    }
  });

  it('GH-4, GH-5: writes sub as GitHub does, by names or with ids', async () => {
    const subOf = async (claims: Record<string, string>, subject?: 'immutable') =>
      decodeJwt(await issuer.sign({ kind: 'github', claims, ...(subject && { subject }) })).sub;
    const repository = 'o/r';
    assert.equal(await subOf({ repository, ref: 'refs/tags/v1' }), 'repo:o/r:ref:refs/tags/v1');
    assert.equal(await subOf({ repository, event_name: 'pull_request' }), 'repo:o/r:pull_request');
    assert.equal(await subOf({ repository, environment: 'a:b' }), 'repo:o/r:environment:a%3Ab');
    const ids = { repository, repository_id: '7', repository_owner_id: '9' };
    assert.equal(await subOf(ids, 'immutable'), 'repo:o@9/r@7:ref:refs/heads/main');
  });

  it('signs any claims, in place of its own too; null takes one out', async () => {
    const { body } = await ask({
      kind: 'oidc',
      algorithm: 'ES256',
      audience: ['a', 'b'],
      ttl: 60,
      claims: { sub: 'someone', groups: ['x'], nbf: null, jti: 'mine' },
    });
    const claims = await verified(String(body.token), issuer.url);
    assert.deepEqual(claims, {
      ...{ iss: issuer.url, aud: ['a', 'b'], iat: now, exp: now + 60 },
      ...{ sub: 'someone', groups: ['x'], jti: 'mine' },
    });
    assert.equal(decodeProtectedHeader(String(body.token)).alg, 'ES256');
  });

  it('says what is wrong with a request', async () => {
    for (const [body, message] of [
      [{}, /kind must be one of service-account, github, oidc/],
      [[], /JSON object/],
      [{ kind: 'service-account', namespace: 'x' }, /serviceAccount is missing/],
      [{ kind: 'oidc', sub: 'x' }, /claims/],
      [{ kind: 'oidc', ttl: -1 }, /ttl/],
      [{ kind: 'oidc', audience: 7 }, /audience/],
      [{ kind: 'oidc', algorithm: 'none' }, /algorithm/],
      [{ kind: 'github', claims: { run_id: 7 } }, /strings/],
      [{ kind: '__proto__' }, /kind/],
    ] as const) {
      const answer = await ask(body);
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'], JSON.stringify(body));
      assert.match(String(answer.body.message), message);
    }
    const bearer = { authorization: `bearer ${issuer.requestToken}` };
    assert.equal((await request(`${issuer.actionsUrl}&run_id=1&run_id=2`, 'GET', bearer)).status, 400);
    assert.equal((await request(`${issuer.actionsUrl}&nonsense=1`, 'GET', bearer)).status, 400);
    assert.equal((await request(`${issuer.url}/token`, 'POST', json, '{')).status, 400);
    assert.equal((await request(`${issuer.url}/token`, 'POST', {}, '{"kind":"oidc"}')).status, 400);
    assert.equal((await request(`${issuer.url}/nowhere`, 'GET', {})).status, 404);
  });

  it('refuses to listen anywhere but on loopback', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'issuer.example', '']) {
      await assert.rejects(createDevIssuer({ host }), { name: 'DevIssuerError', code: 'not_loopback' }, host);
    }
  });

  it('refuses a Host that is not loopback, a browser and a proxy', async () => {
    const body = JSON.stringify({ kind: 'oidc' });
    const foreign: Record<string, string>[] = [
      { host: 'evil.example' },
      { host: '127.0.0.1.evil.example' },
      { host: 'localhost@evil.example' },
      { host: '10.0.0.1:80' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1' },
    ];
    for (const headers of foreign) {
      const answer = await request(`${issuer.url}/token`, 'POST', { ...json, ...headers }, body);
      assert.deepEqual([answer.status, answer.body.token], [403, undefined], JSON.stringify(headers));
    }
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.2', '[::1]:80']) {
      assert.equal((await request(`${issuer.url}/token`, 'POST', { ...json, host }, body)).status, 200, host);
    }
  });

  it('rotates its keys: the former ones are still published, until they are withdrawn', async () => {
    const before = await issuer.sign({ kind: 'oidc' });
    await request(`${issuer.url}/rotate`, 'POST', {});
    const after = await issuer.sign({ kind: 'oidc' });
    assert.notEqual(decodeProtectedHeader(before).kid, decodeProtectedHeader(after).kid);
    await verified(before, issuer.url);
    await verified(after, issuer.url);
    await request(`${issuer.url}/rotate`, 'POST', json, '{"withdraw": true}');
    for (const token of [before, after]) {
      await assert.rejects(verified(token, issuer.url), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    }
  });

  it('K8-9: its keys are found by discovery, new ones at once, and withdrawn ones are gone after a refresh', async () => {
    const keys = createIssuerKeys({ clock, allowLoopbackHttp: true });
    const anchor = (name: string): Anchor => ({
      ...{ id: name, provider: 'oidc', issuer: name, keys: { kind: 'discovery', allowPrivate: false } },
      ...{ algorithms: ['RS256'], proofCheck: 'Signature' },
    });
    const kidOf = async () => decodeProtectedHeader(await issuer.sign({ kind: 'oidc' })).kid;
    const main = anchor(issuer.url);
    const former = await kidOf();
    assert.equal((await keys.keysFor(main, former, 'RS256'))[0]!.kid, former);
    await assert.rejects(keys.keysFor(anchor(issuer.githubUrl), former, 'RS256'), { code: 'unknown_kid' });
    await issuer.rotate({ withdraw: true });
    const kid = await kidOf();
    assert.equal((await keys.keysFor(main, kid, 'RS256'))[0]!.kid, kid);
    await assert.rejects(keys.keysFor(main, former, 'RS256'), { code: 'unknown_kid' });
    keys.close();
  });
});
