import assert from 'node:assert/strict';
import { mintAccessToken, mintDelegation } from '../../src/access-token/index.ts';
import { pyjwt } from '../support/pyjwt.ts';
import type { AskPeer } from '../support/python-peer.ts';
import { AUDIENCE, accessRequest, delegationRequest, ISSUER, JWKS, KEYS, payloadOf } from './support.ts';

describe('PyJWT', () => {
  let ask: AskPeer;
  before(function () {
    ask = pyjwt(this);
  });

  it('verifies the access tokens that we mint, of each algorithm and form of scope, and nothing altered', () => {
    // PyJWT knows no other clock than the machine's.
    const iat = Math.floor(Date.now() / 1000) - 5;
    const common = {
      jwks: JWKS,
      issuer: ISSUER,
      audience: AUDIENCE,
      require: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
    };
    const minted = KEYS.flatMap((key) =>
      (['String', 'Array'] as const).map((scopeFormat) => ({
        alg: key.alg,
        token: mintAccessToken(accessRequest({ iat, exp: iat + 3600, scopeFormat }), key),
      })),
    );
    const answers = ask<{ typ: string; claims: object }[]>({ common, tokens: minted });
    assert.equal(answers.length, 6);
    minted.forEach(({ token }, i) => {
      assert.deepEqual(answers[i], { typ: 'at+jwt', claims: payloadOf(token) });
    });

    const [{ token, alg }] = minted as [{ token: string; alg: string }];
    const [head, payload, signature] = token.split('.');
    const forged = Buffer.from(Buffer.from(payload!, 'base64url').toString().replace('user:alice', 'user:mallo'));
    const [key] = KEYS as [(typeof KEYS)[0]];
    const bad = [
      { alg, token: `${head}.${forged.toString('base64url')}.${signature}` },
      { alg: 'RS256', token },
      { alg, token, audience: 'sample-api-b' },
      { alg, token: mintAccessToken(accessRequest({ iat: iat - 3600, exp: iat }), key) },
      { alg, token: mintDelegation(delegationRequest({ iat, exp: iat + 600 }), key) },
    ];
    assert.deepEqual(
      ask<{ error?: string }[]>({ common, tokens: bad }).map(({ error }) => error),
      [
        'InvalidSignatureError',
        'InvalidAlgorithmError',
        'InvalidAudienceError',
        'ExpiredSignatureError',
        'MissingRequiredClaimError',
      ],
    );
  });
});
