import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chainValues } from '../../src/macaroon/chain.ts';
import { attenuateMacaroon, decodeMacaroon, type RawMacaroon } from '../../src/macaroon/index.ts';
import { mint, type OracleMacaroon, oracle, ROOT_KEY, reasonOf } from './support.ts';

/** The caveats that npm macaroon reads, in order, if it finds that the chain holds. */
function verifiedByOracle(macaroon: OracleMacaroon, key: Uint8Array): string[] {
  const seen: string[] = [];
  macaroon.verify(key, (caveat) => {
    seen.push(caveat);
    return null;
  });
  return seen;
}

function assertSame(ours: RawMacaroon, theirs: OracleMacaroon): void {
  assert.deepEqual(Buffer.from(ours.identifier), Buffer.from(theirs.identifier));
  assert.deepEqual(Buffer.from(ours.signature), Buffer.from(theirs.signature));
  assert.deepEqual(
    ours.caveats.map((caveat) => Buffer.from(caveat.id)),
    theirs.caveats.map((caveat) => Buffer.from(caveat.identifier)),
  );
}

describe('npm macaroon', () => {
  it('verifies what we mint and what we attenuate, given the key, and nothing with another key', () => {
    const more = ['scope in a,b', 'budget_credits <= 1000', 'department = research', 'label = ci-7'];
    const token = attenuateMacaroon(mint(more, { location: 'https://mint.example' }), ['tool = x', 'note = y']);
    const macaroon = oracle.importMacaroon(token);
    assertSame(decodeMacaroon(token), macaroon);
    const texts = decodeMacaroon(token).caveats.map((caveat) => Buffer.from(caveat.id).toString());
    assert.deepEqual(verifiedByOracle(macaroon, ROOT_KEY), texts);
    assert.throws(() => verifiedByOracle(macaroon, new Uint8Array(32)));
  });

  it('attenuates what we mint, and we verify the result', () => {
    const theirs = oracle.importMacaroon(mint());
    for (const caveat of ['tool = x', 'budget_credits <= 5', 'note = y']) theirs.addFirstPartyCaveat(caveat);
    const form = JSON.stringify(theirs.exportJSON());
    assert.equal(reasonOf(form, { tool: 'x' }), 'verified');
    assert.equal(reasonOf(form, { tool: 'y' }), 'caveat');
  });

  it('makes macaroons of every form that we decode to the same, with a chain that holds', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    const given = fc.record({
      identifier: text,
      location: text,
      rootKey: fc.uint8Array({ minLength: 1, maxLength: 40 }),
      version: fc.constantFrom(1 as const, 2 as const),
      // From four caveats on its exportBinary fails.
      caveats: fc.array(text, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(given, ({ caveats, ...rest }) => {
        const theirs = oracle.newMacaroon(rest);
        for (const caveat of caveats) theirs.addFirstPartyCaveat(caveat);
        const forms = [JSON.stringify(theirs.exportJSON())];
        if (rest.version === 2) forms.push(Buffer.from(theirs.exportBinary()).toString('base64url'));
        for (const form of forms) {
          const ours = decodeMacaroon(form);
          assertSame(ours, theirs);
          assert.equal(ours.location, rest.location);
          const values = chainValues(
            rest.rootKey,
            ours.identifier,
            ours.caveats.map((caveat) => caveat.id),
          );
          assert.deepEqual(values.at(-1), Buffer.from(ours.signature));
        }
      }),
      { numRuns: 60 },
    );
  });
});
