import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeBase64url } from '../../src/jws/base64url.ts';

/** What a decoder and an encoder that are not ours make of it: canonical text comes back the same. */
function oracle(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}

function accepts(text: string): boolean {
  try {
    decodeBase64url(text);
    return true;
  } catch {
    return false;
  }
}

describe('base64url', () => {
  it('is accepted in its canonical form alone, whatever is tried', () => {
    const character = fc.constantFrom(
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\u0000é',
    );
    fc.assert(
      fc.property(fc.array(character, { maxLength: 12 }), (characters) => {
        const text = characters.join('');
        assert.equal(accepts(text), oracle(text), JSON.stringify(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it('is decoded to the bytes that were encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        assert.deepEqual(decodeBase64url(Buffer.from(bytes).toString('base64url')), Buffer.from(bytes));
      }),
    );
  });

  it('is refused with stray bits in every last character that could hide them', () => {
    for (const one of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      assert.equal(accepts(`A${one}`), oracle(`A${one}`), one);
      assert.equal(accepts(`AA${one}`), oracle(`AA${one}`), one);
    }
  });
});
