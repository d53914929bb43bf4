import assert from 'node:assert/strict';
import { chainValues, sameSignature } from '../../src/macaroon/chain.ts';
import { attenuateMacaroon, decodeMacaroon, encodeIdentifier } from '../../src/macaroon/index.ts';
import { type AskPymacaroons, pymacaroons } from '../support/pymacaroons.ts';
import { BOUNDS, IDENTIFIER, mint, ROOT_KEY, reasonOf } from './support.ts';

describe('pymacaroons', () => {
  let ask: AskPymacaroons;

  before(function () {
    ask = pymacaroons(this);
  });

  it('verifies what we mint and what we attenuate, given the key, and nothing with another key', () => {
    const more = ['scope in a,b', 'budget_credits <= 1000', 'department = research', 'label = ci-7'];
    const token = attenuateMacaroon(mint(more, { location: 'https://mint.example' }), ['tool = x', 'note = y']);
    const right = { do: 'verify', token, key: Buffer.from(ROOT_KEY).toString('hex') };
    assert.deepEqual(ask(right), {
      verified: true,
      identifier: encodeIdentifier({ ...IDENTIFIER, n: 7 }).toString(),
      caveats: [...BOUNDS, ...more, 'tool = x', 'note = y'],
    });
    assert.equal(ask<{ verified: boolean }>({ ...right, key: '00'.repeat(32) }).verified, false);
  });

  it('mints macaroons that we decode and verify, in every form it writes', () => {
    const identifier = encodeIdentifier({ ...IDENTIFIER, n: 4 }).toString();
    const caveats = [...BOUNDS, 'department = research', 'scope = a'];
    const request = { do: 'mint', key: Buffer.from(ROOT_KEY).toString('hex'), identifier, caveats };
    const forms = ask<Record<string, string>>(request);
    assert.deepEqual(Object.keys(forms).sort(), ['v1', 'v1-json', 'v2', 'v2-json']);
    for (const [format, token] of Object.entries(forms)) {
      const raw = decodeMacaroon(token);
      assert.equal(raw.format, format);
      const ids = raw.caveats.map((caveat) => caveat.id);
      assert.ok(sameSignature(chainValues(ROOT_KEY, raw.identifier, ids).at(-1)!, raw.signature));
      assert.equal(reasonOf(token, { scope: 'a' }), 'verified');
      assert.equal(reasonOf(token, { scope: 'b' }), 'caveat');
    }
  });
});
