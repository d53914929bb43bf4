import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { deriveRootKey } from '../../src/keyring/derivation.ts';
import { hkdfSha256 } from '../../src/keyring/index.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

describe('root key derivation', () => {
  it('gives the output of RFC 5869 A.3: empty salt, empty info', () => {
    const okm = hkdfSha256(hex('0b'.repeat(22)), new Uint8Array(0), 42);
    assert.equal(
      Buffer.from(okm).toString('hex'),
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });

  it('binds the audience through the info string, as any other HKDF would', () => {
    const master = hex('11'.repeat(32));
    // RFC 5869 written out: extract under a zero key, one round of expand.
    const prk = createHmac('sha256', Buffer.alloc(32)).update(master).digest();
    const expected = createHmac('sha256', prk).update('trustmint/macaroon/1|satgate\u0001').digest('hex');
    assert.equal(Buffer.from(deriveRootKey(master, 'satgate')!).toString('hex'), expected);
  });

  it('gives every audience another key', () => {
    const master = hex('11'.repeat(32));
    assert.notDeepEqual(deriveRootKey(master, 'a'), deriveRootKey(master, 'b'));
  });

  it('has no key for an audience that cannot be derived from', () => {
    const master = hex('11'.repeat(32));
    assert.equal(deriveRootKey(master, 'a'.repeat(1003))?.length, 32);
    assert.equal(deriveRootKey(master, 'a'.repeat(1004)), undefined);
  });
});
