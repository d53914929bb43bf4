import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mintDelegation } from '../../src/access-token/index.ts';
import {
  access,
  accessRequest,
  delegationRequest,
  ISSUER,
  JWKS,
  KEY,
  KEYS,
  NOW,
  payloadOf,
  signed,
  WORKER,
} from '../access-token/support.ts';
import { ask, raw } from '../server/support.ts';
import { metadataPath, RESOURCE, type SampleApi, SCOPE, startSampleApi, tokenOf } from './sample-api-support.ts';

const METADATA = 'https://api.example/.well-known/oauth-protected-resource/notes-api';
const CHILD = 'spiffe://cluster.local/agent/tenant-1/alice/researcher/agent-2';

describe('The sample API', () => {
  let api: SampleApi;
  beforeEach(async () => {
    api = await startSampleApi();
  });
  afterEach(() => api.close());

  const refusal = async (token: string, path = '/whoami') => {
    const { status, json, headers } = await api.call(path, token);
    return [status, json.error, headers['www-authenticate']];
  };
  const INVALID = [
    401,
    'invalid_token',
    `Bearer error="invalid_token", error_description="the token is not good for this API", resource_metadata="${METADATA}"`,
  ];

  it('says who calls and on whose behalf', async () => {
    const { status, json, headers } = await api.call('/whoami', tokenOf());
    assert.deepEqual(
      [status, json],
      [200, { who: WORKER, onBehalfOf: 'user:alice', tenant: 'tenant-1', client: 'global-worker', scopes: [SCOPE] }],
    );
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-powered-by'], undefined);
    const { json: itself } = await api.call('/whoami', tokenOf({ act: undefined, sub: WORKER }));
    assert.deepEqual([itself.who, itself.onBehalfOf], [WORKER, null]);
  });

  it('TX-12: of several actors names the outermost, who acts now', async () => {
    const parents = [{ jti: 'd-1', grant: 'g-1', policy: 'p-1', iat: NOW }];
    const token = tokenOf({ act: { sub: CHILD, act: { sub: WORKER } }, parents });
    const { json } = await api.call('/whoami', token);
    assert.deepEqual([json.who, json.onBehalfOf], [CHILD, 'user:alice']);
    assert.ok(!JSON.stringify(json).includes(WORKER));
  });

  it('P36: takes scope as a string and as an array, and the scope that it needs from neither unless it is there', async () => {
    for (const scopeFormat of ['String', 'Array'] as const) {
      assert.equal((await api.write(tokenOf({ scopeFormat, scopes: ['other', SCOPE] }))).status, 201, scopeFormat);
      const refused = await api.write(tokenOf({ scopeFormat, scopes: ['other', `${SCOPE}r`] }));
      assert.deepEqual([refused.status, refused.json.error, refused.json.scope], [403, 'insufficient_scope', SCOPE]);
    }
  });

  it('P14: keeps what is written to its subject within its tenant, whoever writes it', async () => {
    assert.equal((await api.write(tokenOf(), 'of alice')).status, 201);
    assert.equal((await api.write(tokenOf({ act: { sub: CHILD } }), 'of alice too')).status, 201);
    const read = async (more: object) => (await api.call('/notes', tokenOf(more))).json.notes;
    assert.deepEqual(await read({}), [
      { text: 'of alice', writtenBy: WORKER },
      { text: 'of alice too', writtenBy: CHILD },
    ]);
    assert.deepEqual(await read({ tenant: 'tenant-2' }), []);
    assert.deepEqual(await read({ sub: 'user:bob' }), []);
    assert.deepEqual(await read({ sub: WORKER, act: undefined }), []);
  });

  it('BR-4: names no error to whoever has no credential, but where to get one', async () => {
    for (const headers of [undefined, { Authorization: 'Basic YTpi' }, { Authorization: 'DPoP abc' }]) {
      const answer = await api.call('/whoami', undefined, { headers });
      assert.deepEqual([answer.status, answer.json], [401, {}]);
      assert.equal(answer.headers['www-authenticate'], `Bearer resource_metadata="${METADATA}"`);
    }
  });

  it('BR-1: takes the scheme in any case', async () => {
    for (const scheme of ['bearer', 'BEARER', 'Bearer '])
      assert.equal(
        (await api.call('/whoami', undefined, { headers: { Authorization: `${scheme} ${tokenOf()}` } })).status,
        200,
      );
  });

  it('BR-2: refuses a token in the URL, beside a good one too, two of them, and what is no token', async () => {
    const token = tokenOf();
    for (const answer of [
      await api.call(`/whoami?access_token=${token}`),
      await api.call(`/whoami?access_token=${token}`, token),
      await api.call('/whoami', `${token} ${token}`),
      await api.call('/whoami', undefined, { headers: { Authorization: 'Bearer' } }),
      await api.call('/whoami', `${token},x`),
    ]) {
      assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request']);
      assert.match(answer.headers['www-authenticate']!, /^Bearer error="invalid_request", .*resource_metadata=/);
    }
    const twice = `GET /whoami HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
    assert.match(await raw(api.url, twice), /^HTTP\/1\.1 400 /);
  });

  it('BR-5: tells who lacks the scope which one, and judges the token before the body', async () => {
    const answer = await api.write(tokenOf({ scopes: ['other'] }));
    assert.equal(
      answer.headers['www-authenticate'],
      `Bearer error="insufficient_scope", error_description="the token lacks the scope", scope="${SCOPE}", resource_metadata="${METADATA}"`,
    );
    const body = { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } };
    assert.equal((await api.call('/notes', undefined, body)).status, 401);
    assert.equal((await api.call('/notes', tokenOf(), body)).status, 400);
    assert.equal((await api.write(tokenOf(), '')).status, 400);
    assert.equal((await api.write(tokenOf(), 'x'.repeat(20_000))).status, 413);
  });

  const good = payloadOf(tokenOf());
  const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
  const rows: readonly (readonly [string, () => string | Promise<string>])[] = [
    ['one that has expired', () => tokenOf({ iat: NOW - 3600, exp: NOW })],
    ['one of another issuer', () => tokenOf({ iss: `${ISSUER}/` })],
    ['one for another API', () => tokenOf({ aud: 'sample-api-b' })],
    ['one whose act is no actor (P31)', () => signed({ ...good, act: { actor: WORKER } })],
    ['one whose act is text', () => signed({ ...good, act: WORKER })],
    ['one whose act is null', () => signed({ ...good, act: null })],
    ['one whose subject is no text', () => signed({ ...good, sub: ['user:alice'] })],
    ['one with scopes of another shape', () => signed({ ...good, scope: { [SCOPE]: true } })],
    ['one of another type (AT-8)', () => signed(good, { typ: 'JWT' })],
    ['one without a type', () => signed(good, { typ: undefined })],
    ['a delegation token', () => mintDelegation(delegationRequest(), KEY)],
    ['a delegation token for this API', () => signed({ ...good, may_act: {} }, { typ: 'trustmint-delegation+jwt' })],
    ['one signed by an algorithm that is not allowed, with a key of the mint', () => signed(good, {}, KEYS[1])],
    ['one of a key that is not published', () => signed(good, { kid: 'k0.es256' })],
    ['an unsigned one', () => `${part({ alg: 'none', typ: 'at+jwt' })}.${part(good)}.`],
    [
      'one signed with the public key as a secret',
      () => `${part({ alg: 'HS256', typ: 'at+jwt', kid: KEY.kid })}.${part(good)}.AAAA`,
    ],
    ['one whose payload was changed', () => tokenOf().replace(/\.[^.]+\./, `.${part({ ...good, sub: 'user:root' })}.`)],
    ['no JWT at all', () => 'AgEIdHJ1c3RtaW50'],
    ...['sub', 'client_id', 'tenant', 'iat', 'exp', 'jti', 'iss', 'aud'].map(
      (name) => [`one without ${name}`, () => signed(without(name))] as const,
    ),
  ];
  for (const [what, make] of rows) {
    it(`refuses a token, and does not say why: ${what}`, async () => {
      const token = await make();
      assert.deepEqual(await refusal(token), INVALID);
      assert.ok(!api.log.join().includes(token));
    });
  }

  it('P33: takes what the mint itself would, until the same second', async () => {
    for (const [more, taken] of [
      [{}, true],
      [{ iat: NOW - 3599, exp: NOW + 1 }, true],
      [{ iat: NOW - 3600, exp: NOW }, false],
    ] as const) {
      const token = tokenOf(accessRequest(more));
      assert.deepEqual([access(token).ok, (await api.call('/whoami', token)).status === 200], [taken, taken]);
    }
  });

  it('asks the mint for its keys once, however many tokens name keys that nobody has', async () => {
    assert.equal((await api.call('/whoami', tokenOf())).status, 200);
    for (let i = 0; i < 20; i++)
      assert.equal((await api.call('/whoami', await signed(good, { kid: `k${i}` }))).status, 401);
    assert.equal((await api.call('/whoami', tokenOf())).status, 200);
    assert.equal(api.asked(), 1);
  });

  it('says that it cannot judge while the keys cannot be had, not that the token is bad', async () => {
    api.published = undefined;
    const answer = await api.call('/whoami', tokenOf());
    assert.deepEqual([answer.status, answer.json.error], [503, 'temporarily_unavailable']);
    assert.ok(Number(answer.headers['retry-after']) > 0);
    assert.equal(answer.headers['www-authenticate'], undefined);
    assert.match(api.log.join(), /the keys cannot be had/);
    api.published = JWKS;
    assert.equal((await api.call('/whoami', tokenOf())).status, 200);
  });

  it('PR-1, PR-2: publishes its metadata where the challenge says, for any page', async () => {
    for (const path of [metadataPath(RESOURCE), '/.well-known/oauth-protected-resource']) {
      const { status, json, headers } = await ask(`${api.url}${path}`);
      assert.deepEqual(
        [status, json],
        [
          200,
          {
            resource: RESOURCE,
            authorization_servers: [ISSUER],
            scopes_supported: [SCOPE],
            bearer_methods_supported: ['header'],
            resource_name: 'Sample API',
          },
        ],
      );
      assert.equal(headers['access-control-allow-origin'], '*');
    }
    assert.equal(new URL(metadataPath(RESOURCE), RESOURCE).href, METADATA);
    assert.equal(metadataPath('http://localhost:9000/'), '/.well-known/oauth-protected-resource');
    assert.equal((await ask(`${api.url}/elsewhere`)).status, 404);
  });

  it('needs no other versions of its packages than those that it is tested with', () => {
    const read = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
    const { dependencies, devDependencies } = read('package.json');
    const tested = { ...dependencies, ...devDependencies };
    for (const [name, version] of Object.entries(read('examples/sample-api/package.json').dependencies))
      assert.equal(version, tested[name], name);
  });
});

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
