import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { signJws } from '../../src/jws/index.ts';
import { trustmint } from '../whole/support.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwt = (claims: Record<string, unknown>) =>
  signJws({ alg: 'ES256', typ: 'at+jwt', kid: 'k1.es256' }, claims, privateKey);
const CLAIMS = { sub: 'user:alice', act: { sub: 'spiffe://x/a' }, iat: 1_767_225_600, jti: 'j', scope: ['a', 'b'] };

describe('trustmint token inspect of a JWT', () => {
  it('prints its kind, its key and each claim, times as such; the signature never', async () => {
    const token = jwt(CLAIMS);
    const { code, out, err } = await trustmint(['token', 'inspect'], `${token}\n`);
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(out.split('\n'), [
      'format      JWT, typ at+jwt',
      'key         k1.es256 (ES256)',
      'sub         user:alice',
      'act         {"sub":"spiffe://x/a"}',
      'iat         2026-01-01T00:00:00.000Z',
      'jti         j',
      'scope       ["a","b"]',
      '',
    ]);
    const json = await trustmint(['token', 'inspect', '--json'], token);
    assert.deepEqual(JSON.parse(json.out).payload, CLAIMS);
    assert.ok(!(out + json.out).includes(token.split('.')[2]!));
  });

  it('lets nothing reach the terminal that is not printable, and no time that is none', async () => {
    const { out } = await trustmint(
      ['token', 'inspect'],
      jwt({ sub: 'a\u001b[31m\nb\u202e', exp: 9e15, 'x\u0007': 1 }),
    );
    assert.match(out, /^[\x20-\x7e\n]*$/);
    assert.equal(out.split('\n').length, 6);
    assert.match(out, /^exp {9}9000000000000000$/m);
  });

  it('says what is wrong with one that is malformed', async () => {
    const { code, err } = await trustmint(['token', 'inspect'], 'a.b');
    assert.notEqual(code, 0);
    assert.match(err, /not_compact/);
  });
});
