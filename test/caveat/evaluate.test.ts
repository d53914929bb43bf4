import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type CallContext, type Evaluation, evaluateCaveats } from '../../src/caveat/index.ts';
import { call, caveatText, checkedText, factText, NOW, noteText, time, WORDS } from './arbitrary.ts';

interface Case {
  readonly issuer?: readonly string[];
  readonly later?: readonly string[];
  readonly now?: number;
  readonly call?: CallContext;
}

function judge({ issuer = [], later = [], now = NOW, call = {} }: Case): Evaluation {
  return evaluateCaveats({ issuer, later }, { now, audience: 'satgate', call });
}

function verdict(given: Case): string {
  const outcome = judge(given);
  return outcome.ok ? 'holds' : outcome.reason;
}

const AT_ZERO = 'time < 1970-01-01T00:01:40Z';

describe('evaluating caveats', () => {
  it('lets a token expire at the second its `time <` names, and begin at the one its `time >=` names', () => {
    assert.equal(verdict({ issuer: [AT_ZERO], now: 99 }), 'holds');
    assert.equal(verdict({ issuer: [AT_ZERO], now: 100 }), 'expired');
    assert.equal(verdict({ later: ['time >= 1970-01-01T00:01:40Z'], now: 99 }), 'not_yet_valid');
    assert.equal(verdict({ later: ['time >= 1970-01-01T00:01:40Z'], now: 100 }), 'holds');
  });

  it('reports the earliest of all expiries, whoever set it', () => {
    const outcome = judge({ issuer: [AT_ZERO], later: ['time < 1970-01-01T00:00:50Z'], now: 0 });
    assert.ok(outcome.ok);
    assert.equal(outcome.expiresAt, 50);
    const unlimited = judge({});
    assert.ok(unlimited.ok && unlimited.expiresAt === undefined);
  });

  for (const key of ['scope', 'tool', 'method', 'path'] as const) {
    it(`compares ${key} exactly with the call's, and denies where the call carries none`, () => {
      for (const place of ['issuer', 'later'] as const) {
        assert.equal(verdict({ [place]: [`${key} = a`], call: { [key]: 'a' } }), 'holds');
        assert.equal(verdict({ [place]: [`${key} in b,a`], call: { [key]: 'a' } }), 'holds');
        assert.equal(verdict({ [place]: [`${key} in b,aa`], call: { [key]: 'a' } }), 'no_match');
        assert.equal(verdict({ [place]: [`${key} = A`], call: { [key]: 'a' } }), 'no_match');
        assert.equal(verdict({ [place]: [`${key} = a`], call: {} }), 'not_carried');
        assert.equal(verdict({ [place]: [`${key} = *`], call: { [key]: 'a' } }), 'no_match');
      }
    });
  }

  it('compares the audience of the resource that is called', () => {
    assert.equal(verdict({ issuer: ['aud = satgate'] }), 'holds');
    assert.equal(verdict({ issuer: ['aud = satgate.example'] }), 'no_match');
    assert.equal(verdict({ later: ['aud = other'] }), 'no_match');
  });

  it('takes a budget as a ceiling on one call: without a stated cost it holds', () => {
    assert.equal(verdict({ issuer: ['budget_credits <= 10'] }), 'holds');
    assert.equal(verdict({ issuer: ['budget_credits <= 10'], call: { cost: 10 } }), 'holds');
    assert.equal(verdict({ issuer: ['budget_credits <= 10'], call: { cost: 11 } }), 'over_budget');
    for (const cost of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(verdict({ issuer: ['budget_credits <= 10'], call: { cost } }), 'over_budget');
    }
  });

  it("takes the issuer's attributes as facts and compares later ones with them", () => {
    const issuer = ['tenant = acme', 'department = research'];
    const outcome = judge({ issuer, later: ['department in research,sales', 'tenant = acme'] });
    assert.ok(outcome.ok);
    assert.deepEqual(
      [...outcome.facts],
      [
        ['tenant', 'acme'],
        ['department', 'research'],
      ],
    );
    assert.equal(verdict({ issuer, later: ['department = sales'] }), 'no_match');
    assert.equal(verdict({ issuer, later: ['department in sales,hr'] }), 'no_match');
    assert.equal(verdict({ issuer, later: ['team = x'] }), 'not_a_fact');
    assert.equal(verdict({ issuer: ['a = 1', 'a = 1'] }), 'repeated_fact');
    assert.equal(verdict({ issuer: ['a in 1,2'] }), 'caveat_operator');
  });

  it('P26: finds no fact in what every object inherits', () => {
    for (const key of ['constructor', 'valueof', 'tostring']) {
      assert.equal(verdict({ later: [`${key} = x`] }), 'not_a_fact');
    }
    assert.equal(verdict({ issuer: ['constructor = x'], later: ['constructor = x'] }), 'holds');
  });

  it('shows notes and never judges them', () => {
    const outcome = judge({ issuer: ['note = by mint'], later: ['note = by mint', 'note = tenant = other'] });
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.notes, ['by mint', 'by mint', 'tenant = other']);
    assert.equal(outcome.facts.size, 0);
  });

  it('MA-2: a caveat that nothing can read or judge denies', () => {
    for (const text of ['', 'anything', 'department < 5', 'max_calls = 5', 'Scope = a', 'expires = 99', '\u0000']) {
      assert.equal(judge({ later: [text] }).ok, false, text);
    }
    assert.deepEqual(judge({ later: ['x'] }), { ok: false, caveat: 'x', reason: 'caveat_form' });
  });

  it('P38: every caveat clears on its own: a later, wider one never replaces an earlier one', () => {
    const issuer = ['scope in api:read', 'budget_credits <= 10', AT_ZERO];
    const widened = ['scope = api:admin', 'scope in api:read,api:admin', 'budget_credits <= 1000000'];
    assert.equal(verdict({ issuer, later: widened, now: 0, call: { scope: 'api:admin' } }), 'no_match');
    assert.equal(
      verdict({ issuer, later: widened.slice(1), now: 0, call: { scope: 'api:read', cost: 11 } }),
      'over_budget',
    );
    assert.equal(
      verdict({ issuer, later: ['time < 2999-01-01T00:00:00Z'], now: 100, call: { scope: 'api:read' } }),
      'expired',
    );
  });

  it('never accepts after appending what it refused before, nor changes a fact', () => {
    const list = (text: fc.Arbitrary<string>) => fc.array(text, { maxLength: 5 });
    const context = fc.record({ now: time, audience: fc.constantFrom(...WORDS), call });
    let accepted = 0;
    fc.assert(
      fc.property(
        list(fc.oneof(checkedText, factText, noteText)),
        list(caveatText),
        list(fc.oneof(caveatText, fc.string())),
        context,
        (issuer, held, appended, at) => {
          const before = evaluateCaveats({ issuer, later: held }, at);
          const after = evaluateCaveats({ issuer, later: [...held, ...appended] }, at);
          if (!after.ok) return;
          accepted++;
          assert.ok(before.ok);
          assert.deepEqual(after.facts, before.facts);
          assert.ok((after.expiresAt ?? Infinity) <= (before.expiresAt ?? Infinity));
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(accepted > 100, `only ${accepted} random tokens were accepted: the property was hardly tried`);
  });
});
