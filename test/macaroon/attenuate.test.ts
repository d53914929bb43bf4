import assert from 'node:assert/strict';
import fc from 'fast-check';
import { attenuateMacaroon, decodeMacaroon, type Verified } from '../../src/macaroon/index.ts';
import { call, caveatText, checkedText, factText, noteText, time } from '../caveat/arbitrary.ts';
import { BOUNDS, forge, IDENTIFIER, mint, oracle, reasonOf, refused, verify } from './support.ts';

describe('attenuating a macaroon', () => {
  const token = mint(['scope in a,b', 'department = research']);

  it('narrows it without any key', () => {
    const narrowed = attenuateMacaroon(token, ['scope = a', 'budget_credits <= 5']);
    assert.equal(reasonOf(narrowed, { scope: 'a' }), 'verified');
    assert.equal(reasonOf(narrowed, { scope: 'b' }), 'caveat');
    assert.equal(reasonOf(narrowed, { scope: 'a', cost: 6 }), 'caveat');
    assert.equal(reasonOf(token, { scope: 'b', cost: 6 }), 'verified');
  });

  it('gives what npm macaroon gives for the same caveat', () => {
    const theirs = oracle.importMacaroon(token);
    theirs.addFirstPartyCaveat('tool = search');
    const ours = decodeMacaroon(attenuateMacaroon(token, ['tool = search']));
    assert.deepEqual(Buffer.from(ours.signature), Buffer.from(theirs.signature));
  });

  it('appends one by one or all at once to the same token, of any form, and keeps its location', () => {
    const located = mint([], { location: 'https://mint.example' });
    const once = attenuateMacaroon(located, ['tool = x', 'note = y']);
    assert.equal(attenuateMacaroon(attenuateMacaroon(located, ['tool = x']), ['note = y']), once);
    assert.equal(
      attenuateMacaroon(JSON.stringify(oracle.importMacaroon(located).exportJSON()), ['tool = x', 'note = y']),
      once,
    );
    assert.equal(decodeMacaroon(once).location, 'https://mint.example');
    assert.equal(attenuateMacaroon(located, []), located);
  });

  it('refuses what is no caveat', () => {
    for (const caveat of [
      '',
      'scope',
      'scope ~ a',
      'time < tomorrow',
      'budget_credits <= 1e9',
      'x < 5',
      'tool = a\nb',
    ]) {
      assert.throws(() => attenuateMacaroon(token, [caveat]), refused('caveat'));
    }
  });

  it('refuses what can never hold: it would only kill the token', () => {
    for (const caveat of [
      'team = x',
      'department = sales',
      'department in sales,hr',
      'aud = other',
      'tenant = other',
    ]) {
      assert.throws(() => attenuateMacaroon(token, ['note = fine', caveat]), refused('never_holds'));
    }
    assert.equal(
      reasonOf(attenuateMacaroon(token, ['department in research,x', 'aud = satgate']), { scope: 'a' }),
      'verified',
    );
  });

  it('refuses what is not one of ours, or would be too large', () => {
    assert.throws(() => attenuateMacaroon(forge('keyid', BOUNDS), ['tool = x']), refused('identifier'));
    assert.throws(() => attenuateMacaroon(forge({ ...IDENTIFIER, n: 1 }, BOUNDS), ['tool = x']), refused('unbounded'));
    assert.throws(() => attenuateMacaroon('nonsense', ['tool = x']), refused('malformed'));
    assert.throws(() => attenuateMacaroon(token, Array(64).fill('note = x')), refused('too_large'));
    assert.throws(() => attenuateMacaroon(token, Array(9).fill(`note = ${'x'.repeat(1000)}`)), refused('too_large'));
  });

  it('P38: whoever appends keeps the budget: the grant and the accounts before stay what they were', () => {
    const budgeted = attenuateMacaroon(mint(['budget_credits <= 100']), ['budget_credits <= 10']);
    const before = verify(budgeted);
    assert.ok(before.ok);
    assert.equal(before.accounts[0]!.id, IDENTIFIER.gid);
    for (const caveat of ['note = x', 'budget_credits <= 999999', 'tenant = acme']) {
      const after = verify(attenuateMacaroon(budgeted, [caveat]));
      assert.ok(after.ok);
      assert.deepEqual(after.accounts.slice(0, 2), before.accounts);
    }
    // Two sub-budgets of one parent are two accounts, for they end two chains.
    const [one, two] = ['note = 1', 'note = 2'].map((note) =>
      verify(attenuateMacaroon(mint(), [note, 'budget_credits <= 5'])),
    );
    assert.ok(one?.ok && two?.ok);
    assert.notEqual(one.accounts[1]!.id, two.accounts[1]!.id);
  });

  it('never widens: what is accepted after appending was accepted before, with the same facts and accounts', () => {
    const list = (text: fc.Arbitrary<string>) => fc.array(text, { maxLength: 3 });
    const appendable = fc.oneof(caveatText, fc.constantFrom('department = x', 'note = \u00ff', 'nonsense'));
    let accepted = 0;
    fc.assert(
      fc.property(
        list(
          fc.oneof(
            checkedText,
            noteText,
            factText.filter((fact) => !fact.startsWith('tenant')),
          ),
        ),
        list(caveatText),
        list(appendable),
        fc.record({ now: time, call }),
        (more, held, appended, at) => {
          const issuer = ['time < 2026-03-01T00:00:00Z', 'aud = a', 'tenant = a', ...more];
          const identifier = { ...IDENTIFIER, aud: 'a', ten: 'a', n: issuer.length };
          const judge = (caveats: readonly string[]) => verify(forge(identifier, caveats), at.call, at.now, 'a');
          const after = judge([...issuer, ...held, ...appended]);
          if (!after.ok) return;
          accepted++;
          const before = judge([...issuer, ...held]);
          assert.ok(before.ok);
          assert.deepEqual(after.facts, before.facts);
          assert.deepEqual(after.identifier, before.identifier);
          assert.ok(after.expiresAt <= before.expiresAt);
          assertPrefix(before, after);
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(accepted > 100, `only ${accepted} random tokens were accepted: the property was hardly tried`);
  });
});

function assertPrefix(before: Verified, after: Verified): void {
  assert.deepEqual(after.accounts.slice(0, before.accounts.length), before.accounts);
  const digests = before.derivedFromDigests();
  assert.deepEqual(after.derivedFromDigests().slice(0, digests.length), digests);
}
