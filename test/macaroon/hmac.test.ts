import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { sameSignature } from '../../src/macaroon/chain.ts';
import { hmacSha256 } from '../../src/macaroon/hmac.ts';
import { describeVectors } from './support.ts';

interface Wycheproof {
  readonly testGroups: readonly {
    readonly tagSize: number;
    readonly tests: readonly {
      readonly tcId: number;
      readonly key: string;
      readonly msg: string;
      readonly tag: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

describe('HMAC-SHA-256', () => {
  it('agrees with node:crypto on keys and messages of any length', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
    fc.assert(
      fc.property(bytes(200), bytes(300), (key, message) => {
        assert.deepEqual(hmacSha256(key, message), createHmac('sha256', key).update(message).digest());
      }),
      { numRuns: 500 },
    );
    for (const length of [4095, 4096, 4097, 70_000]) {
      const message = Buffer.alloc(length, 7);
      assert.deepEqual(hmacSha256(message, message), createHmac('sha256', message).update(message).digest());
    }
  });

  it('returns bytes of its own, which a later call does not change', () => {
    const first = hmacSha256(Buffer.from('a'), Buffer.from('b'));
    const copy = Buffer.from(first);
    hmacSha256(Buffer.from('c'), Buffer.from('d'));
    assert.deepEqual(first, copy);
  });
});

describeVectors('Wycheproof HMAC-SHA-256', 'wycheproof', (path) => {
  const { testGroups }: Wycheproof = JSON.parse(readFileSync(join(path, 'hmac_sha256_test.json'), 'utf8'));
  const full = testGroups.filter((group) => group.tagSize === 256).flatMap((group) => group.tests);

  it('holds enough cases of both kinds to mean something', () => {
    assert.ok(full.filter((test) => test.result === 'valid').length > 20);
    assert.ok(full.filter((test) => test.result === 'invalid').length > 20);
  });

  for (const { tcId, key, msg, tag, result } of full) {
    it(`case ${tcId} is ${result}`, () => {
      const mac = hmacSha256(Buffer.from(key, 'hex'), Buffer.from(msg, 'hex'));
      assert.equal(sameSignature(mac, Buffer.from(tag, 'hex')), result === 'valid');
    });
  }
});
