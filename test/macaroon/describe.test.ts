import assert from 'node:assert/strict';
import { attenuateMacaroon, decodeMacaroon, describeMacaroon, encodeIdentifier } from '../../src/macaroon/index.ts';
import { BOUNDS, forge, IDENTIFIER, mint, oracle, refused } from './support.ts';

describe('describing a macaroon without a key', () => {
  it('says what the issuer placed and what was appended, when it ends, and what revokes it', () => {
    const token = attenuateMacaroon(mint(['department = research'], { location: 'https://mint.example' }), [
      'time < 2026-02-02T03:00:00Z',
      'note = for the night shift',
    ]);
    const described = describeMacaroon(token);
    assert.equal(described.format, 'v2');
    assert.equal(described.location, 'https://mint.example');
    assert.deepEqual(described.identifier, { ...IDENTIFIER, n: 4 });
    assert.equal(described.identifierText, encodeIdentifier({ ...IDENTIFIER, n: 4 }).toString());
    assert.deepEqual(described.caveats, [
      { text: BOUNDS[0], by: 'issuer', sort: 'checked' },
      { text: BOUNDS[1], by: 'issuer', sort: 'checked' },
      { text: BOUNDS[2], by: 'issuer', sort: 'attribute' },
      { text: 'department = research', by: 'issuer', sort: 'attribute' },
      { text: 'time < 2026-02-02T03:00:00Z', by: 'appended', sort: 'checked' },
      { text: 'note = for the night shift', by: 'appended', sort: 'note' },
    ]);
    assert.equal(described.expiresAt, Date.UTC(2026, 1, 2, 3) / 1000);
    assert.equal(described.derivedFrom.length, 43);
  });

  it("reads other people's macaroons too, and keeps their control characters from a terminal", () => {
    const foreign = oracle.newMacaroon({
      identifier: 'k\u001b[31m',
      location: 'l\n',
      rootKey: new Uint8Array(3),
      version: 1,
    });
    foreign.addFirstPartyCaveat('user = alice\u0007');
    foreign.addThirdPartyCaveat(new Uint8Array(24), 'is alice', 'https://auth.example');
    const described = describeMacaroon(JSON.stringify(foreign.exportJSON()));
    assert.equal(described.format, 'v1-json');
    assert.equal(described.location, 'l\\x0a');
    assert.equal(described.identifier, null);
    assert.equal(described.identifierText, 'k\\x1b[31m');
    assert.deepEqual(described.caveats, [
      { text: 'user = alice\\x07', by: 'unknown', sort: 'not_ours' },
      { text: 'is alice', by: 'unknown', sort: 'third_party' },
    ]);
    assert.equal(described.expiresAt, undefined);
    assert.ok(describeMacaroon(forge('i'.repeat(2000), [])).identifierText.length < 1030);
  });

  it('never shows the signature', () => {
    const token = mint();
    const { signature } = decodeMacaroon(token);
    const shown = JSON.stringify(describeMacaroon(token));
    for (const encoding of ['hex', 'base64url', 'base64'] as const) {
      assert.ok(!shown.includes(Buffer.from(signature).toString(encoding).slice(0, 20)));
    }
  });

  it('refuses what is no macaroon', () => {
    assert.throws(() => describeMacaroon('eyJhbGciOiJub25lIn0.e30.'), refused('malformed'));
  });
});
