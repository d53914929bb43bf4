import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jwtVerify } from 'jose';
import {
  type DelegationClaims,
  type DelegationRequest,
  mintAccessToken,
  mintDelegation,
  nextDepth,
  parentsAfter,
  verifyDelegation,
} from '../../src/access-token/index.ts';
import {
  access,
  accessRequest,
  claimsOf,
  delegation,
  delegationRequest,
  ISSUER,
  input,
  KEY,
  KEYS,
  NOW,
  payloadOf,
  reasonOf,
  refused,
  signed,
  WORKER,
} from './support.ts';

describe('a delegation token', () => {
  it('is for our issuer alone and says whose authority, who may act, how far it goes and where it came from', async () => {
    const parent = { jti: 'd-0', grant: 'g-0', policy: 'p-0', iat: NOW - 60 };
    const token = mintDelegation(delegationRequest({ depth: 3, parents: [parent] }), KEY);
    assert.deepEqual(Object.entries(payloadOf(token)), [
      ['iss', ISSUER],
      ['aud', ISSUER],
      ['sub', 'user:alice'],
      ['iat', NOW],
      ['exp', NOW + 600],
      ['jti', 'd-1'],
      ['scope', 'sample-api-a:read sample-api-a:write'],
      ['act', { sub: WORKER }],
      ['may_act', { sub: 'spiffe://cluster.local/agent/child' }],
      ['depth', 3],
      ['tenant', 'tenant-1'],
      ['grant', 'g-1'],
      ['policy', 'uid-policy'],
      ['agent', 'uid-agent'],
      ['parents', [parent]],
    ]);
    const options = { typ: 'trustmint-delegation+jwt', issuer: ISSUER, audience: ISSUER };
    for (const key of KEYS) {
      const one = mintDelegation(delegationRequest(), key);
      await jwtVerify(one, key.publicKey, { ...options, currentDate: new Date(NOW * 1000) });
      assert.equal(reasonOf(delegation(one)), 'verified');
    }
    assert.deepEqual(parentsAfter(claimsOf(delegation(token))), [
      parent,
      { jti: 'd-1', grant: 'g-1', policy: 'uid-policy', agent: 'uid-agent', iat: NOW },
    ]);
  });

  it('ends after 10 min at the latest', () => {
    assert.throws(() => mintDelegation(delegationRequest({ exp: NOW + 601 }), KEY), refused('claims'));
    const token = mintDelegation(delegationRequest(), KEY);
    assert.deepEqual(
      [reasonOf(delegation(token, NOW + 599)), reasonOf(delegation(token, NOW + 600))],
      ['verified', 'expired'],
    );
  });

  it('P8: never verifies as an access token, nor an access token as a delegation token', async () => {
    const [ours, theirs] = [mintDelegation(delegationRequest(), KEY), mintAccessToken(accessRequest(), KEY)];
    assert.equal(reasonOf(access(ours)), 'token_type');
    assert.equal(reasonOf(delegation(theirs)), 'token_type');
    // Not even one of our own key under the other's typ.
    for (const [payload, typ] of [
      [payloadOf(ours), 'at+jwt'],
      [payloadOf(theirs), 'trustmint-delegation+jwt'],
    ] as const) {
      const confused = await signed(payload, { typ });
      assert.deepEqual([access(confused).ok, delegation(confused).ok], [false, false]);
    }
  });

  it('property: no claims at all make one token that is taken as both', async () => {
    const [one, two] = [
      payloadOf(mintDelegation(delegationRequest(), KEY)),
      payloadOf(mintAccessToken(accessRequest(), KEY)),
    ];
    const pick = fc.constantFrom(0, 1, 2);
    await fc.assert(
      fc.asyncProperty(fc.array(pick, { minLength: 20, maxLength: 20 }), fc.boolean(), async (choices, which) => {
        const names = [...new Set([...Object.keys(one), ...Object.keys(two)])];
        const mixed = names.flatMap((name, i) => {
          const from = [one, two, {}][choices[i] ?? 2] as Record<string, unknown>;
          return Object.hasOwn(from, name) ? [[name, from[name]] as const] : [];
        });
        const token = await signed(Object.fromEntries(mixed), { typ: which ? 'at+jwt' : 'trustmint-delegation+jwt' });
        assert.ok(!(access(token).ok && delegation(token).ok));
      }),
      { numRuns: 200 },
    );
  });

  const good = payloadOf(mintDelegation(delegationRequest(), KEY));
  const typ = 'trustmint-delegation+jwt';
  const rows: readonly [string, object, string][] = [
    ['for an API too', { aud: [ISSUER, 'sample-api-a'] }, 'claims'],
    ['for an API', { aud: 'sample-api-a' }, 'claims'],
    ['of another mint, for that mint', { iss: 'https://other.example', aud: 'https://other.example' }, 'other_issuer'],
    ['of another mint, for us', { iss: 'https://other.example' }, 'claims'],
    ['with depth 0', { depth: 0 }, 'claims'],
    ['with depth 5', { depth: 5 }, 'claims'],
    ['with half a depth', { depth: 1.5 }, 'claims'],
    [
      'deeper than its ancestors allow',
      { depth: 4, parents: [{ jti: 'd', grant: 'g', policy: 'p', iat: 1 }] },
      'claims',
    ],
    ['with no may_act', { may_act: undefined }, 'claims'],
    ['that anybody may use', { may_act: {} }, 'claims'],
    ['that anybody of two kinds may use', { may_act: { sub: 'a', agent_type: 'b' } }, 'claims'],
    ['with another may_act member', { may_act: { iss: 'a' } }, 'claims'],
    ['without scope', { scope: undefined }, 'claims'],
    ['with an empty scope', { scope: '' }, 'claims'],
    ['with a list of scopes', { scope: ['a'] }, 'claims'],
    ['with a client_id', { client_id: 'a' }, 'claims'],
    ['that lives an hour', { exp: NOW + 3600 }, 'claims'],
  ];
  for (const [what, changes, reason] of rows) {
    it(`${what} is refused: ${reason}`, async () =>
      assert.equal(reasonOf(delegation(await signed({ ...good, ...changes }, { typ }))), reason));
  }

  it('of a key that is not ours is refused', () => {
    const token = mintDelegation(delegationRequest(), KEY);
    const verdict = verifyDelegation(token, { ...input(), keyOf: () => undefined });
    assert.equal(reasonOf(verdict), 'unknown_key');
  });

  it('a fifth delegation is refused, and one beyond the rule', () => {
    assert.deepEqual([nextDepth(4), nextDepth(4, 4), nextDepth(4, 3), nextDepth(4, 2)], [4, 3, 2, 1]);
    assert.throws(() => nextDepth(4, 1), refused('too_deep'));
    assert.deepEqual([nextDepth(1), nextDepth(2, 4), nextDepth(4, 2)], [1, 2, 1]);
    assert.throws(() => nextDepth(1, 1), refused('too_deep'));
    assert.throws(() => nextDepth(0), refused('too_deep'));
  });

  it('is not minted for nothing, for nobody or for longer than it may live', () => {
    for (const wrong of [
      { scopes: [] },
      { scopes: ['a b'] },
      { may_act: {} as DelegationRequest['may_act'] },
      { may_act: { sub: 'a', agent_type: 'b' } },
      { depth: 0 },
      { exp: NOW },
      { act: { sub: WORKER, more: 1 } as DelegationClaims['act'] & object },
    ])
      assert.throws(() => mintDelegation(delegationRequest(wrong), KEY), refused('claims'), JSON.stringify(wrong));
  });
});
