import assert from 'node:assert/strict';
import { attenuateMacaroon, authenticMacaroon, describeMacaroon } from '../../src/macaroon/index.ts';
import { IDENTIFIER, mint, ROOT_KEY } from './support.ts';

describe('whether a macaroon is ours', () => {
  const keyOf = (kid: string, audience: string) =>
    kid === IDENTIFIER.kid && audience === IDENTIFIER.aud ? ROOT_KEY : undefined;
  const token = mint(['scope in a,b']);

  it('is told by its chain, whatever it allows, and names what revokes it', () => {
    const later = attenuateMacaroon(token, ['time >= 2036-01-01T00:00:00Z', 'tool = none']);
    for (const one of [token, later]) {
      const ours = authenticMacaroon(one, keyOf);
      assert.ok(ours);
      assert.equal(ours.identifier.jti, IDENTIFIER.jti);
      assert.equal(ours.derivedFrom, describeMacaroon(one).derivedFrom);
      assert.ok(ours.derivedFromDigests().includes(describeMacaroon(token).derivedFrom));
    }
  });

  it('is no, for what is forged, of another key, or no macaroon', () => {
    const bytes = Buffer.from(token, 'base64url');
    bytes[bytes.length - 1]! ^= 1;
    for (const bad of [bytes.toString('base64url'), mint([], { rootKey: new Uint8Array(32) }), '', 'x', 'a.b.c'])
      assert.equal(authenticMacaroon(bad, keyOf), undefined);
    assert.equal(
      authenticMacaroon(token, () => undefined),
      undefined,
    );
    assert.equal(
      authenticMacaroon(token, () => new Uint8Array(16)),
      undefined,
    );
  });
});
