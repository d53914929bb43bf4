import assert from 'node:assert/strict';
import fc from 'fast-check';
import { evaluateCaveats } from '../../src/caveat/index.ts';

const NOW = 1_767_225_600;
const issuer = ['time < 2026-01-01T01:00:00Z', 'aud = api', 'tenant = acme', 'scope in a,b'];
const evaluate = (later: readonly string[], now = NOW) => evaluateCaveats({ issuer, later }, { now, audience: 'api' });

describe('caveats without a call', () => {
  it('are judged, but those that only a call could answer, which are listed', () => {
    const later = [
      'tool = search',
      'budget_credits <= 3',
      'method in GET,PUT',
      'path = /v1',
      'note = x',
      'tenant = acme',
    ];
    const outcome = evaluate(later);
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.unchecked, ['scope in a,b', ...later.slice(0, 4)]);
  });

  it('deny by what needs no call', () => {
    for (const [caveat, reason] of [
      ['tenant = other', 'no_match'],
      ['team = x', 'not_a_fact'],
      ['aud = other', 'no_match'],
      ['time >= 2026-01-02T00:00:00Z', 'not_yet_valid'],
      ['tool < x', 'caveat_operator'],
    ] as const)
      assert.deepEqual(evaluate([caveat]), { ok: false, caveat, reason });
    assert.equal(evaluate([], NOW + 3600).ok, false);
  });

  it('say no less than with any call: what a call is allowed, is not denied without one', () => {
    const caveat = fc.constantFrom(
      'tool = a',
      'tool in a,b',
      'method = GET',
      'budget_credits <= 3',
      'tenant = acme',
      'tenant = b',
    );
    const call = fc.record({
      scope: fc.constantFrom('a', 'c'),
      tool: fc.constantFrom('a', 'b'),
      method: fc.constant('GET'),
    });
    fc.assert(
      fc.property(fc.array(caveat, { maxLength: 4 }), call, (later, one) => {
        const withCall = evaluateCaveats({ issuer, later }, { now: NOW, audience: 'api', call: one });
        const without = evaluate(later);
        if (withCall.ok) assert.deepEqual([without.ok, withCall.unchecked], [true, []]);
      }),
    );
  });
});
