import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { CaveatError } from '../../src/caveat/index.ts';
import { decodeMacaroon, describeMacaroon, MacaroonError, mintMacaroon } from '../../src/macaroon/index.ts';
import { BOUNDS, IDENTIFIER, mint, reasonOf, refused, request, verify } from './support.ts';

describe('minting a macaroon', () => {
  it('gives a token that verifies, says what was granted, and starts as libmacaroons v2 does', () => {
    const token = mint(['scope in a:read,a:write', 'budget_credits <= 1000', 'department = research', 'label = ci-7'], {
      location: 'https://mint.example',
    });
    assert.match(token, /^Ag[A-Za-z0-9_-]+$/);
    assert.equal(decodeMacaroon(token).location, 'https://mint.example');
    const outcome = verify(token, { scope: 'a:read' });
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.identifier, { ...IDENTIFIER, n: 7 });
    assert.deepEqual(Object.fromEntries(outcome.facts), { tenant: 'acme', department: 'research', label: 'ci-7' });
    assert.equal(outcome.expiresAt, Date.UTC(2026, 1, 2, 10, 40) / 1000);
    assert.deepEqual(outcome.accounts, [{ id: IDENTIFIER.gid, limit: 1000 }]);
  });

  it('gives the same token for the same request, and another with another key', () => {
    assert.equal(mint(), mint());
    assert.notEqual(mint(), mint([], { rootKey: new Uint8Array(32).fill(9) }));
  });

  it('names what revokes it: the SHA-256 of its signature', () => {
    const { token } = mintMacaroon(request());
    const { derivedFrom } = describeMacaroon(token);
    assert.equal(derivedFrom, createHash('sha256').update(decodeMacaroon(token).signature).digest('base64url'));
    const outcome = verify(token);
    assert.ok(outcome.ok);
    assert.ok(outcome.derivedFromDigests().includes(derivedFrom));
  });

  it('places the caveats of the request after its own, and they only narrow', () => {
    const token = mint(['budget_credits <= 1000'], { appended: ['budget_credits <= 10', 'tool = search'] });
    const outcome = verify(token, { tool: 'search', cost: 10 });
    assert.ok(outcome.ok);
    assert.equal(outcome.identifier.n, 4);
    assert.deepEqual(
      outcome.accounts.map(({ limit }) => limit),
      [1000, 10],
    );
    assert.equal(reasonOf(token, { tool: 'search', cost: 11 }), 'caveat');
    assert.equal(reasonOf(token, { tool: 'other' }), 'caveat');
  });

  for (const missing of ['time', 'aud', 'tenant']) {
    it(`P40: refuses to mint without \`${missing}\` among the issuer's caveats`, () => {
      const issuerCaveats = BOUNDS.filter((caveat) => !caveat.startsWith(missing));
      const identifier = { ...IDENTIFIER, n: issuerCaveats.length };
      assert.throws(() => mintMacaroon(request([], { issuerCaveats, identifier })), refused('unbounded'));
      const appended = BOUNDS.filter((caveat) => caveat.startsWith(missing));
      assert.throws(
        () => mintMacaroon(request([], { issuerCaveats, identifier, appended })),
        missing === 'tenant' ? MacaroonError : refused('unbounded'),
      );
    });
  }

  it('MA-3: refuses to mint without any caveat, and with only a `time >=`', () => {
    assert.throws(() => mintMacaroon(request([], { issuerCaveats: [] })), refused('identifier'));
    const issuerCaveats = ['time >= 2026-02-02T10:40:00Z', 'aud = satgate', 'tenant = acme'];
    assert.throws(() => mintMacaroon(request([], { issuerCaveats })), refused('unbounded'));
  });

  const contradictions: Record<string, readonly string[]> = {
    'an audience': ['time < 2026-02-02T10:40:00Z', 'aud = other', 'tenant = acme'],
    'two audiences': [...BOUNDS, 'aud = other'],
    'a tenant': ['time < 2026-02-02T10:40:00Z', 'aud = satgate', 'tenant = evil'],
  };
  for (const [what, issuerCaveats] of Object.entries(contradictions)) {
    it(`refuses ${what} that the identifier does not have`, () => {
      const identifier = { ...IDENTIFIER, n: issuerCaveats.length };
      assert.throws(() => mintMacaroon(request([], { issuerCaveats, identifier })), refused('identifier'));
    });
  }

  it('refuses an `n` that is not the number of its caveats', () => {
    for (const n of [2, 4]) {
      const identifier = { ...IDENTIFIER, n };
      assert.throws(() => mintMacaroon(request([], { identifier, appended: ['tool = x'] })), refused('identifier'));
    }
  });

  it('refuses one attribute twice, and one that is no fact', () => {
    for (const more of [['tenant = acme'], ['a = 1', 'a = 1'], ['a in 1,2']]) {
      assert.throws(() => mint(more), refused('caveat'));
    }
  });

  it('P23: refuses a claim that was rendered into more than a value', () => {
    for (const claim of ['x\nbudget_credits = 999999', 'x\u0000', 'x\u2028', 'ä', '', ' x', 'x '.repeat(600)]) {
      assert.throws(
        () => mint([`department = ${claim}`]),
        (error) => error instanceof MacaroonError && error.code === 'caveat' && error.cause instanceof CaveatError,
      );
    }
    const outcome = verify(mint(['department = x, budget_credits <= 999999']));
    assert.ok(outcome.ok);
    assert.equal(outcome.facts.get('department'), 'x, budget_credits <= 999999');
    assert.deepEqual(outcome.accounts, [{ id: IDENTIFIER.gid }]);
  });

  it('refuses to append what no call can satisfy', () => {
    for (const caveat of ['team = x', 'tenant = other', 'tenant in a,b', 'aud = other']) {
      assert.throws(() => mint([], { appended: [caveat] }), refused('never_holds'));
    }
    assert.throws(() => mint([], { appended: ['max_calls < 5'] }), refused('caveat'));
  });

  it('MA-4: refuses more than it would read back', () => {
    const notes = (count: number, length: number) => Array<string>(count).fill(`note = ${'x'.repeat(length)}`);
    assert.doesNotThrow(() => mint([], { appended: notes(61, 10) }));
    assert.throws(() => mint([], { appended: notes(62, 10) }), refused('too_large'));
    assert.throws(() => mint(notes(62, 10)), refused('too_large'));
    assert.throws(() => mint(notes(1, 1100)), refused('caveat'));
    assert.throws(() => mint(notes(8, 1000)), refused('too_large'));
  });

  it('refuses a root key that has not 32 bytes, without naming it', () => {
    for (const length of [0, 16, 33]) {
      assert.throws(() => mint([], { rootKey: new Uint8Array(length) }), refused('key'));
    }
  });
});
