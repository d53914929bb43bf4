import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileGlob, isOnlyWildcards } from '../../src/policy/glob.ts';
import { naiveGlob } from './linear.ts';

const match = (pattern: string, value: string) => compileGlob(pattern).matches(value);

describe('globs', () => {
  it('P17: * never crosses / or :, and is no prefix of another owner', () => {
    assert.equal(match('acme/*', 'acme/app'), true);
    assert.equal(match('acme/*', 'acme-evil/app'), false);
    assert.equal(match('acme/*', 'acme/app/x'), false);
    assert.equal(match('repo:acme/*', 'repo:acme/app:environment:production'), false);
    assert.equal(match('repo:acme/*:ref:refs/heads/main', 'repo:acme/app:ref:refs/heads/main'), true);
    assert.equal(match('repo:acme*', 'repo:acme-evil/app:ref:refs/heads/main'), false);
    assert.equal(match('repo:acme/**', 'repo:acme/app:environment:production'), true);
    assert.equal(match('refs/heads/release/*', 'refs/heads/release/1/x'), false);
  });

  it('P4: has no alternation, anchors, classes or escapes that could open it', () => {
    const text = 'repo:org/a:.*|x';
    assert.equal(match(text, 'x'), false);
    assert.equal(match(text, 'repo:org/a:.b|x'), true);
    assert.equal(match('x)|(', 'x)|('), true);
    assert.equal(match('x)|(*', 'anything'), false);
    assert.equal(match('^a$', 'a'), false);
    assert.equal(match('a.c', 'abc'), false);
    assert.equal(match('[ab]', 'a'), false);
    assert.equal(match('a?', 'ab'), false);
    assert.equal(match('a\\*', 'a*'), false);
    assert.equal(match('acme', 'acme\n'), false);
    assert.equal(match('*', 'a\nb'), true);
  });

  it('P21: tells upper from lower case', () => {
    assert.equal(match('acme/*', 'Acme/app'), false);
    assert.equal(match('Acme', 'acme'), false);
  });

  it('P5: takes less than a millisecond for 64 KiB made to hurt, and keeps no state', () => {
    const length = 65_536;
    const cases: [string, string][] = [
      ['**a**a**a**a**a**b**', 'a'.repeat(length)],
      ['**a*a*a*a*a*a*b**', 'a'.repeat(length)],
      ['*a*a*a*a*a*a*a*b*', 'a'.repeat(length)],
      ['**/*/*/*/x**', '/'.repeat(length)],
      ['**(a+)+**b', `${'a'.repeat(length)}!`],
      ['x**y', 'x'.repeat(length)],
    ];
    for (const [pattern, value] of cases) {
      const glob = compileGlob(pattern);
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 40; i++) {
        const start = performance.now();
        assert.equal(glob.matches(value), false);
        best = Math.min(best, performance.now() - start);
      }
      assert.ok(best < 1, `${pattern} took ${best} ms`);
    }
    // Every one of 512 characters a wildcard's neighbour: still only so many steps per character.
    const worst = compileGlob(`**${'a*'.repeat(255)}b**`);
    const start = performance.now();
    assert.equal(worst.matches('a'.repeat(length)), false);
    assert.ok(performance.now() - start < 500);
    const glob = compileGlob('a*');
    assert.deepEqual([glob.matches('ab'), glob.matches('ab'), glob.matches('ab')], [true, true, true]);
  });

  it('match exactly what trying every way to read the pattern matches', () => {
    const text = (alphabet: string, maxLength: number) =>
      fc.array(fc.constantFrom(...alphabet), { maxLength }).map((chars) => chars.join(''));
    fc.assert(
      fc.property(text('ab/:**', 9), text('aab/:', 10), (pattern, value) => {
        assert.equal(match(pattern, value), naiveGlob(pattern, value));
      }),
      { numRuns: 6000 },
    );
  });

  it('match long patterns as short ones', () => {
    const part = 'abc*d/**é';
    const pattern = part.repeat(12);
    assert.equal(match(pattern, 'abcXXd/YY/YYé'.repeat(12)), true);
    assert.equal(match(pattern, 'abcXXd/YY/YYé'.repeat(11)), false);
    assert.equal(match(pattern, 'abcX/Xd/YY/YYé'.repeat(12)), false);
  });

  it('know when they say nothing', () => {
    assert.deepEqual(['*', '**', '***', 'a*', ''].map(isOnlyWildcards), [true, true, true, false, false]);
  });
});
