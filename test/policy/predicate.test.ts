import assert from 'node:assert/strict';
import type { Match } from '../../src/api/v1alpha1/index.ts';
import type { Claims } from '../../src/identity.ts';
import { parseClaimName, readClaim } from '../../src/policy/claims.ts';
import { IDP, oidc, rule, World } from './support.ts';

/** Whether a proof with these claims meets a rule that asks for this. */
function meets(match: Match, claims: Claims): boolean {
  const world = new World({
    clusterTrustPolicies: [oidc('p', [rule('r', { ...match, claims: { ...match.claims, id: 'x' } })])],
  });
  return world.decide(IDP, { ...claims, id: 'x' }).allowed;
}

type Operator = NonNullable<Match['expressions']>[number]['operator'];

const asks = (operator: Operator, values: string[] | undefined, value: unknown) =>
  meets({ expressions: [{ key: 'c', operator, ...(values && { values }) }] }, { c: value });

describe('predicates', () => {
  it('P22: compare by type: a number, a boolean or an object never equals a string', () => {
    for (const value of [1, true, { toString: () => '1' }, [1], [[1]], null]) {
      assert.equal(meets({ claims: { c: '1' } }, { c: value }), false, JSON.stringify(value));
      assert.equal(meets({ claims: { c: 'true' } }, { c: value }), false);
      assert.equal(asks('In', ['1', 'true', '[object Object]', '**'], value), false);
    }
    assert.equal(asks('IsTrue', undefined, true), true);
    for (const value of ['true', 1, [true], 'yes', {}]) assert.equal(asks('IsTrue', undefined, value), false);
    assert.equal(asks('IsFalse', undefined, false), true);
    for (const value of ['false', 0, null, '', undefined, []]) assert.equal(asks('IsFalse', undefined, value), false);
  });

  it('P22: on an array In and a plain value hold if some element does, NotIn only on strings of which none does', () => {
    assert.equal(asks('In', ['b'], ['a', 'b']), true);
    assert.equal(meets({ claims: { c: 'b' } }, { c: ['a', 'b'] }), true);
    assert.equal(asks('In', ['c'], ['a', 'b']), false);
    assert.equal(asks('In', ['b'], [1, 'b']), true);
    assert.equal(asks('NotIn', ['c'], ['a', 'b']), true);
    assert.equal(asks('NotIn', ['b'], ['a', 'b']), false);
    assert.equal(asks('NotIn', ['c'], ['a', 1]), false);
    assert.equal(asks('NotIn', ['c'], 'a'), true);
    for (const value of [1, true, { a: 1 }, undefined, null, '', []]) assert.equal(asks('NotIn', ['c'], value), false);
    assert.equal(asks('NotIn', ['a*'], 'ab'), false);
  });

  it('P18: a missing or empty value matches nothing, not even **', () => {
    for (const value of [undefined, null, '', [], ['']]) {
      assert.equal(meets({ claims: { c: '**' } }, { c: value }), false);
      assert.equal(asks('In', ['**', '*'], value), false);
    }
    for (const value of [undefined, null, '', []]) {
      assert.equal(asks('Exists', undefined, value), false);
      assert.equal(asks('DoesNotExist', undefined, value), true);
    }
    for (const value of [0, false, {}, 'x', ['']]) {
      assert.equal(asks('Exists', undefined, value), true);
      assert.equal(asks('DoesNotExist', undefined, value), false);
    }
  });

  it('P26: read own members only, whatever they are called', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      const asked: Match = { expressions: [{ key: name, operator: 'Exists' }] };
      assert.equal(meets(asked, {}), false, name);
      assert.equal(meets({ claims: JSON.parse(`{"${name}": "**"}`) }, {}), false, name);
      const world = new World({
        clusterTrustPolicies: [oidc('p', [rule('r', { claims: JSON.parse(`{"${name}": "yes"}`) })])],
      });
      assert.equal(world.outcome(IDP, JSON.parse(`{"${name}": "yes"}`)), 'p/r', name);
      assert.equal(world.outcome(IDP, JSON.parse('{"other": "yes"}')), 'no_rule', name);
    }
    assert.equal(readClaim(JSON.parse('{"a": []}'), ['a', 'length']), undefined);
    assert.equal(readClaim(JSON.parse('{"a": "text"}'), ['a', 'length']), undefined);
    assert.equal(Object.hasOwn(Object.prototype, 'yes'), false);
  });

  it('take the name of a claim literally, and as a JSON Pointer if it begins with / (RFC 6901)', () => {
    const claims = {
      'kubernetes.io': { namespace: 'a' },
      'a/b': 'slash',
      'm~n': 'tilde',
      list: ['x', 'y'],
      '': { '': 'empty' },
    };
    const read = (name: string) => readClaim(claims, parseClaimName(name) ?? ['absent']);
    assert.equal(read('/kubernetes.io/namespace'), 'a');
    assert.equal(read('kubernetes.io/namespace'), undefined);
    assert.equal(read('/a~1b'), 'slash');
    assert.equal(read('a/b'), 'slash');
    assert.equal(read('/m~0n'), 'tilde');
    assert.equal(read('/list/1'), 'y');
    for (const pointer of ['/list/-', '/list/01', '/list/2', '/list/length', '/kubernetes.io/x'])
      assert.equal(read(pointer), undefined);
    assert.equal(read('//'), 'empty');
    assert.equal(parseClaimName('/a~2'), undefined);
    assert.equal(parseClaimName('/a~'), undefined);
    assert.deepEqual(parseClaimName('/~01'), ['~1']);
  });

  it('must all hold', () => {
    const match: Match = { claims: { a: '1', b: '2' }, expressions: [{ key: 'c', operator: 'Exists' }] };
    assert.equal(meets(match, { a: '1', b: '2', c: 'x' }), true);
    for (const missing of ['a', 'b', 'c'])
      assert.equal(meets(match, { a: '1', b: '2', c: 'x', [missing]: undefined }), false, missing);
  });

  it('of one claim with two demands hold only together', () => {
    const match: Match = {
      claims: { '/groups': 'ops' },
      expressions: [{ key: 'groups', operator: 'In', values: ['dev'] }],
    };
    assert.equal(meets(match, { groups: ['ops', 'dev'] }), true);
    assert.equal(meets(match, { groups: ['ops'] }), false);
  });

  it('are named so that the audit record can state what they read', () => {
    const world = new World({
      clusterTrustPolicies: [
        oidc('p', [
          rule(
            'r',
            { claims: { team: 'a', '/deep/x': 'b' } },
            { issue: { labelTemplate: '{{ .Claims.team }}-{{ .Claims.run }}' } },
          ),
        ]),
      ],
    });
    const terms = world.terms(IDP, { team: 'a', deep: { x: 'b' }, run: 7, other: 'z' });
    assert.deepEqual(terms.used, ['team', '/deep/x', 'run']);
  });
});
