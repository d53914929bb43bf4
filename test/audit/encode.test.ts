import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { encodeRecord, markLate } from '../../src/audit/encode.ts';
import { auditIdentity, fingerprint } from '../../src/audit/index.ts';
import type { VerifiedIdentity } from '../../src/identity.ts';
import { granted, identity, refused } from './support.ts';

const line = (event: Parameters<typeof encodeRecord>[0]) => encodeRecord(event, 0);
const withClaims = (claims: Record<string, unknown>) => granted('id', { identity: { ...identity, claims } });
const claimsOf = (text: string) =>
  (JSON.parse(text) as { identity: { claims: Record<string, unknown> } }).identity.claims;

/** One line, whatever a reader takes for the end of one. */
function assertOneLine(text: string): void {
  assert.ok(text.endsWith('\n'));
  assert.equal(text.slice(0, -1).split(/\r\n|[\n\v\f\r\x85\u2028\u2029]/).length, 1);
  JSON.parse(text);
}

describe('audit line', () => {
  it('P23: no value can start a second line or a second member', () => {
    const attacks = [
      'x\n{"outcome":"granted"}',
      'x\r\nbudget_credits = 999999',
      '\u2028{"a":1}\u2029',
      '","outcome":"granted","x":"',
      '\u001b[2K\u001b[1A\u0007\u0000\u007f\u0085',
      '\u202egnp.exe\u2066',
      '\ud800',
    ];
    for (const attack of attacks) {
      const text = line(
        refused(attack, {
          caller_id: attack,
          peer: attack,
          identity: { ...identity, subject: attack, claims: { [attack]: attack, list: [attack, { deep: attack }] } },
          refused: { stage: attack, code: attack, reason: attack, detail: attack },
        } as never),
      );
      assertOneLine(text);
      const parsed = JSON.parse(text) as Record<string, unknown>;
      assert.equal(parsed.outcome, 'refused');
      assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text.slice(0, -1)));
    }
  });

  it('P23: is one line of bounded length for any strings and claims at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), fc.jsonValue({ maxDepth: 8 }), (text, json) => {
        const encoded = line(
          granted(text, { caller_id: text, identity: { ...identity, claims: { [text]: json, text } } }),
        );
        assertOneLine(encoded);
        assert.ok(encoded.length < 40_000, `${encoded.length} characters`);
        assert.equal((JSON.parse(encoded) as { outcome: string }).outcome, 'granted');
      }),
      { numRuns: 300 },
    );
  });

  it('takes claims of any JSON type as they are, under any name', () => {
    const claims = JSON.parse(
      '{"b":true,"n":1.5,"z":null,"a":[1,"x",{"y":[]}],"o":{"p":{"q":1}},"__proto__":"own","constructor":1,"toJSON":2}',
    ) as Record<string, unknown>;
    const kept = claimsOf(line(withClaims(claims)));
    assert.deepEqual(Object.entries(kept), Object.entries(claims));
  });

  it('claims too large or too deep are cut, and never crowd out what was granted', () => {
    const deep = JSON.parse(`${'[{"a":'.repeat(500)}1${'}]'.repeat(500)}`) as unknown;
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`claim-${i}`, 'x'.repeat(500)]));
    const nulls = Array.from({ length: 100_000 }, () => Array.from({ length: 10 }, () => null));
    const text = line(withClaims({ deep, nulls, ...wide, last: Number.NaN, big: 10n, f: () => 1 }));
    assert.ok(text.length < 20_000, `${text.length}`);
    const { granted: kept } = JSON.parse(text) as { granted: unknown };
    assert.deepEqual(kept, (granted() as { granted: unknown }).granted);
  });

  it('holds no token, wherever a caller or a mistake put one', () => {
    const jwt = `eyJhbGciOiJSUzI1NiJ9.${'eyJzdWIiOiJ4In0'.repeat(50)}.${'c2ln'.repeat(80)}`;
    const macaroon = `AgEd${'aHR0cDovL2V4YW1wbGU_-'.repeat(20)}`;
    for (const token of [jwt, macaroon, jwt.slice(0, 60), `${jwt}${jwt}`.repeat(20)]) {
      const places = [token, `Bearer ${token}`, `x=${token}&y`, `("${token}")`];
      for (const place of places) {
        const text = line(
          refused('id', {
            caller_id: place,
            proof_sha256: fingerprint(token),
            refused: { stage: 'proof', code: 'c', reason: 'r', detail: place },
            identity: { ...identity, subject: place, claims: { token: place, [place]: [place] } },
          } as never),
        );
        assert.ok(!text.includes(token.slice(0, 40)) && !text.includes(token.slice(-40)), text);
        assert.ok(text.includes(createHash('sha256').update(token).digest('base64url')));
      }
    }
  });

  it('never takes an id or a hash for a token', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 32 }), fc.constantFrom('', 'eyJ', 'Ag'), (bytes, prefix) => {
        const id = prefix + Buffer.from(bytes).toString('base64url');
        assert.equal((JSON.parse(line(granted(id))) as { id: string }).id, id);
      }),
    );
  });

  it('keeps bytes out', () => {
    assert.deepEqual(claimsOf(line(withClaims({ key: new Uint8Array([1, 2, 3]) }))), { key: '[bytes]' });
  });

  it('says so when it is late', () => {
    const late = markLate(line(granted()));
    assertOneLine(late);
    assert.deepEqual(JSON.parse(late), { ...(JSON.parse(line(granted())) as object), late: true });
  });
});

describe('audited identity', () => {
  const verified: VerifiedIdentity = {
    anchor: 'a',
    provider: 'github',
    issuer: 'https://token.actions.githubusercontent.com',
    subject: 'repo:o/r:ref:refs/heads/main',
    audiences: ['satgate'],
    claims: { run_id: '7', secret_claim: 'not used', 'kubernetes.io': { pod: { uid: 'u' } }, 'a/b': 1 },
    attributes: new Map([['repository', 'o/r']]),
    holder: { subject: '99', instance: '7' },
    issuedAt: 0,
    expiresAt: 1,
  };

  it('states the claims that the policy used, and no other', () => {
    const used = [
      'repository',
      'run_id',
      '/kubernetes.io/pod/uid',
      '/a~1b',
      'missing',
      '/missing/x',
      '__proto__',
      '/run_id/length',
    ];
    const { claims, ...rest } = auditIdentity(verified, used);
    assert.deepEqual({ ...claims }, { repository: 'o/r', run_id: '7', '/kubernetes.io/pod/uid': 'u', '/a~1b': 1 });
    const { anchor, provider, issuer, subject } = verified;
    assert.deepEqual(rest, { anchor, provider, issuer, subject, instance: '7' });
  });
});
