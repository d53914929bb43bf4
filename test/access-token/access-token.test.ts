import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { lineageOf, mintAccessToken, verifyAccessToken } from '../../src/access-token/index.ts';
import {
  AUDIENCE,
  access,
  accessRequest,
  claimsOf,
  ISSUER,
  input,
  JWKS,
  KEY,
  KEYS,
  NOW,
  payloadOf,
  reasonOf,
  refused,
  signed,
  WORKER,
} from './support.ts';

const jwks = createLocalJWKSet(JWKS);
const joseTakes = (token: string, now = NOW) =>
  jwtVerify(token, jwks, { typ: 'at+jwt', issuer: ISSUER, audience: AUDIENCE, currentDate: new Date(now * 1000) }).then(
    () => true,
    () => false,
  );

describe('an access token', () => {
  it("is the worked example's, claim by claim, and beside it tenant, grant, policy and agent alone", () => {
    const token = mintAccessToken(accessRequest({ scopeFormat: 'Array' }), KEY);
    assert.deepEqual(Object.entries(payloadOf(token)), [
      ['iss', ISSUER],
      ['aud', AUDIENCE],
      ['sub', 'user:alice'],
      ['client_id', 'global-worker'],
      ['iat', NOW],
      ['exp', NOW + 3600],
      ['jti', 'j-1'],
      ['scope', ['sample-api-a:write']],
      ['act', { sub: WORKER }],
      ['tenant', 'tenant-1'],
      ['grant', 'g-1'],
      ['policy', 'uid-policy'],
      ['agent', 'uid-agent'],
    ]);
  });

  for (const key of KEYS) {
    it(`AT-1, AT-2: of ${key.alg} is what jose verifies as RFC 9068 says, and what we verify`, async () => {
      const token = mintAccessToken(accessRequest(), key);
      const { payload, protectedHeader } = await jwtVerify(token, jwks, {
        typ: 'at+jwt',
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms: [key.alg],
        requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
        currentDate: new Date(NOW * 1000),
      });
      assert.deepEqual(protectedHeader, { alg: key.alg, typ: 'at+jwt', kid: key.kid });
      const { scope, ...others } = payload;
      assert.deepEqual(claimsOf(access(token)), { ...others, scopes: (scope as string).split(' ') });
    });
  }

  it('P36: writes scope as one string unless the resource wants an array, and either is read', () => {
    const scopes = ['a:read', 'a:write'];
    const text = mintAccessToken(accessRequest({ scopes }), KEY);
    const list = mintAccessToken(accessRequest({ scopes, scopeFormat: 'Array' }), KEY);
    assert.deepEqual([payloadOf(text).scope, payloadOf(list).scope], ['a:read a:write', scopes]);
    for (const token of [text, list]) assert.deepEqual(claimsOf(access(token)).scopes, scopes);
    const { scopes: _, ...none } = accessRequest();
    assert.ok(!('scope' in payloadOf(mintAccessToken(none, KEY))));
  });

  it('says of whom else it came, so that what revokes one of them revokes it', () => {
    const parent = { jti: 'd-1', grant: 'g-0', policy: 'p-0', agent: 'a-0', iat: NOW - 5 };
    const plain = { jti: 'd-2', grant: 'g-2', policy: 'p-2', iat: NOW - 3 };
    const claims = claimsOf(access(mintAccessToken(accessRequest({ parents: [parent, plain] }), KEY)));
    assert.deepEqual(claims.parents, [parent, plain]);
    assert.deepEqual(
      lineageOf(claims).map(({ jti, policy }) => [jti, policy]),
      [
        ['j-1', 'uid-policy'],
        ['d-1', 'p-0'],
        ['d-2', 'p-2'],
      ],
    );
  });

  it('of another signer with our key is taken, in whatever order its claims stand', async () => {
    const payload = payloadOf(mintAccessToken(accessRequest(), KEY));
    assert.equal(reasonOf(access(await signed(Object.fromEntries(Object.entries(payload).reverse())))), 'verified');
  });

  it('lives from its iat until the second before exp', async () => {
    const token = mintAccessToken(accessRequest(), KEY);
    assert.equal(reasonOf(access(token, NOW + 3599)), 'verified');
    assert.equal(reasonOf(access(token, NOW + 3600)), 'expired');
    assert.deepEqual([await joseTakes(token, NOW + 3599), await joseTakes(token, NOW + 3600)], [true, false]);
  });

  it('is not minted with what it could not be verified with', () => {
    for (const wrong of [
      { exp: NOW },
      { exp: NOW + 86_401 },
      { sub: '' },
      { sub: 'a\nb' },
      { jti: 'x'.repeat(129) },
      { scopes: [] },
      { scopes: ['a', 'a'] },
      { scopes: ['a b'] },
      { scopes: ['"'] },
      { aud: ISSUER },
      { iat: 1.5 },
      { tenant: '' },
      { act: { sub: 'x', iss: 'y' } as never },
      { parents: [{ jti: 'd', grant: 'g', policy: 'p', iat: 1, more: 1 } as never, {} as never] },
    ])
      assert.throws(() => mintAccessToken(accessRequest(wrong), KEY), refused('claims'), JSON.stringify(wrong));
    const { act: _, ...direct } = accessRequest({ parents: [{ jti: 'd', grant: 'g', policy: 'p', iat: 1 }] });
    assert.throws(() => mintAccessToken(direct, KEY), refused('claims'));
    const big = Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(128, 's'));
    const long = accessRequest({ scopes: big, sub: 'u'.repeat(2048), act: { sub: 'v'.repeat(2048) } });
    assert.throws(() => mintAccessToken(long, KEY), refused('too_large'));
  });
});

describe('a token that is not one of ours for this audience', () => {
  const good = payloadOf(mintAccessToken(accessRequest(), KEY));
  const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
  const rsa = KEYS.find(({ alg }) => alg === 'RS256')!;
  const rows: readonly [string, () => string | Promise<string>, string][] = [
    ['of another issuer', () => signed({ ...good, iss: 'https://other.example' }), 'other_issuer'],
    ['of our issuer with a slash', () => signed({ ...good, iss: `${ISSUER}/` }), 'other_issuer'],
    ['for another audience', () => signed({ ...good, aud: 'sample-api-b' }), 'other_resource'],
    ['for two audiences', () => signed({ ...good, aud: [AUDIENCE, 'sample-api-b'] }), 'claims'],
    ['for our issuer', () => signed({ ...good, aud: ISSUER }), 'claims'],
    ['with an audience in a list', () => signed({ ...good, aud: [AUDIENCE] }), 'claims'],
    ['P8: of typ JWT', () => signed(good, { typ: 'JWT' }), 'token_type'],
    ['P8: of the long form of its typ', () => signed(good, { typ: 'application/at+jwt' }), 'token_type'],
    ['P8: of a delegation typ', () => signed(good, { typ: 'trustmint-delegation+jwt' }), 'token_type'],
    ['without typ', () => signed(good, { typ: undefined }), 'token_type'],
    ['without kid', () => signed(good, { kid: undefined }), 'unknown_key'],
    ['with an unknown kid', () => signed(good, { kid: 'k2.es256' }), 'unknown_key'],
    ["under another key's kid", () => signed(good, { kid: rsa.kid }), 'signature'],
    ['JB-1: with another algorithm of its own key', () => signed(good, { alg: 'PS256' }, rsa), 'signature'],
    ['with a claim more', () => signed({ ...good, roles: ['admin'] }), 'claims'],
    ['with nbf', () => signed({ ...good, nbf: NOW }), 'claims'],
    ['with claims of a delegation', () => signed({ ...good, may_act: { sub: 'x' }, depth: 1 }), 'claims'],
    ['without client_id', () => signed(without('client_id')), 'claims'],
    ['without tenant', () => signed(without('tenant')), 'claims'],
    ['without exp', () => signed(without('exp')), 'claims'],
    ['with a number for sub', () => signed({ ...good, sub: 7 }), 'claims'],
    ['with an exp in text', () => signed({ ...good, exp: `${NOW + 60}` }), 'claims'],
    ['that lives two days', () => signed({ ...good, exp: NOW + 172_800 }), 'claims'],
    ['P31: with more than a sub in act', () => signed({ ...good, act: { sub: 'x', iss: 'y' } }), 'claims'],
    ['P31: with a null act', () => signed({ ...good, act: null }), 'claims'],
    ['P31: with an actor twice', () => signed({ ...good, act: { sub: 'x', act: { sub: 'x' } } }), 'claims'],
    ['with empty parents', () => signed({ ...good, parents: [] }), 'claims'],
    [
      'with a member named __proto__',
      () => signed(JSON.parse(`{"__proto__":1,${JSON.stringify(good).slice(1)}`)),
      'claims',
    ],
    ['that is none', () => 'x', 'malformed'],
    ['that is empty', () => '', 'malformed'],
    ['over 16 KiB', () => `${'a'.repeat(16_385)}.a.a`, 'too_large'],
  ];
  for (const [what, make, reason] of rows) {
    it(`${what} is refused: ${reason}`, async () => assert.equal(reasonOf(access(await make())), reason));
  }

  it('P1: unsigned, or signed with the public key as a secret, is refused', () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = (alg: string) => `${part({ alg, typ: 'at+jwt', kid: KEY.kid })}.${part(good)}`;
    const secret = KEY.publicKey.export({ type: 'spki', format: 'pem' });
    const mac = createHmac('sha256', secret).update(head('HS256')).digest('base64url');
    for (const token of [`${head('none')}.`, `${head('none')}.AAAA`, `${head('HS256')}.${mac}`])
      assert.equal(reasonOf(access(token)), 'malformed');
  });

  it('property: whatever character is altered, taken out or put in, it is dead', () => {
    const tokens = KEYS.map((key) => mintAccessToken(accessRequest(), key));
    const character = fc.constantFrom(...'ABCabc019-_.=+/ \n{');
    fc.assert(
      fc.property(
        fc.constantFrom(...tokens),
        fc.nat(),
        character,
        fc.integer({ min: 0, max: 2 }),
        (token, at, c, how) => {
          const i = at % token.length;
          const mutant = token.slice(0, i) + (how === 2 ? '' : c) + token.slice(how === 1 ? i : i + 1);
          if (mutant !== token) assert.notEqual(reasonOf(access(mutant)), 'verified');
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('P33: property: whatever its claims, what we take jose takes, and nothing that jose refuses', async () => {
    const value = fc.oneof(
      fc.constantFrom<unknown>(ISSUER, AUDIENCE, 'other', '', null, NOW, NOW + 60, NOW - 60, [AUDIENCE], ['a'], 'a b'),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const name = fc.constantFrom(...Object.keys(good), 'nbf', 'parents', 'extra');
    const typ = fc.constantFrom('at+jwt', 'at+jwt', 'at+jwt', 'JWT', 'AT+JWT');
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 2 }), typ, async (changes, kind) => {
        const token = await signed({ ...good, ...changes }, { typ: kind });
        if (!verifyAccessToken(token, AUDIENCE, input()).ok) return;
        taken += 1;
        assert.ok(await joseTakes(token));
      }),
      { numRuns: 500 },
    );
    assert.ok(taken > 10, 'some of them were good');
  });
});
