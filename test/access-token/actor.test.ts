import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readAct } from '../../src/access-token/actor.ts';
import { actorsOf, extendAct, MAX_ACT_BYTES } from '../../src/access-token/index.ts';
import { refused } from './support.ts';

const chain = (...subjects: string[]) =>
  subjects.reduceRight<{ sub: string; act?: never } | undefined>(
    (act, sub) => ({ sub, ...(act && { act: act as never }) }),
    undefined,
  );

describe('the chain of actors', () => {
  it('TX-11: puts the child on top of its parent: A, B, C are C, B, A', () => {
    let act = extendAct('A', undefined, 'user:alice');
    for (const actor of ['B', 'C']) act = extendAct(actor, act, 'user:alice');
    assert.deepEqual(act, { sub: 'C', act: { sub: 'B', act: { sub: 'A' } } });
    assert.deepEqual(actorsOf(act), ['C', 'B', 'A']);
  });

  it('P31: is built anew from the subjects: nothing else in it is signed again', () => {
    const laundered = { sub: 'A', iss: 'https://evil.example', exp: 9e9, act: { sub: 'B', admin: true } };
    assert.deepEqual(extendAct('C', laundered, 'user:alice'), { sub: 'C', act: { sub: 'A', act: { sub: 'B' } } });
    const anything = fc.dictionary(
      fc.string().filter((name) => name !== 'act' && name !== 'sub'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(anything, anything, (one, two) => {
        const act = extendAct('C', { ...one, sub: 'A', act: { ...two, sub: 'B' } }, 'user:alice');
        assert.deepEqual(act, chain('C', 'A', 'B'));
      }),
    );
  });

  it('P31: has no cycle: nobody acts twice, nor for itself', () => {
    const act = chain('B', 'A');
    for (const again of ['A', 'B', 'spiffe://s'])
      assert.throws(() => extendAct(again, act, 'spiffe://s'), refused('cycle'), again);
  });

  it('P31: holds the first agent and four more, and 8 KiB', () => {
    const five = extendAct('E', chain('D', 'C', 'B', 'A'), 'user:alice');
    assert.equal(actorsOf(five).length, 5);
    assert.throws(() => extendAct('F', five, 'user:alice'), refused('too_deep'));
    const long = (letter: string) => letter.repeat(2040);
    const eight = chain(long('c'), long('b'), long('a'));
    assert.equal(actorsOf(extendAct('short', eight, 'user:alice')).length, 4);
    assert.ok(JSON.stringify(chain(long('d'), long('c'), long('b'), long('a'))).length > MAX_ACT_BYTES);
    assert.throws(() => extendAct(long('d'), eight, 'user:alice'), refused('too_deep'));
  });

  it('is made of subjects', () => {
    for (const wrong of ['', 'a\nb', 'x'.repeat(2049), '\ud800'])
      assert.throws(() => extendAct(wrong, undefined, 'user:alice'), refused('claims'));
  });

  it('P31: is read only as we write it; whatever else it is, it is refused and not mended', () => {
    assert.deepEqual(readAct({ sub: 'B', act: { sub: 'A' } }), chain('B', 'A'));
    for (const wrong of [
      null,
      'A',
      [],
      {},
      { sub: 7 },
      { act: { sub: 'A' } },
      { sub: 'A', iss: 'i' },
      { sub: 'A', act: undefined },
      { sub: 'A', act: null },
      { sub: 'A', act: [{ sub: 'B' }] },
      { sub: 'A', act: { sub: 'A' } },
      JSON.parse('{"sub":"A","__proto__":{"sub":"B"}}'),
      chain('f', 'e', 'd', 'c', 'b', 'a'),
      chain(...['d', 'c', 'b', 'a'].map((one) => one.repeat(2300))),
      chain(...['e', 'd', 'c', 'b', 'a'].map((one) => one.repeat(1700))),
    ])
      assert.equal(readAct(wrong), undefined, JSON.stringify(wrong)?.slice(0, 60));
  });

  it('property: what is built is read as the same', () => {
    const name = fc.stringMatching(/^[a-zé:/.]{1,12}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), (subjects) => {
        const act = subjects.reduceRight<ReturnType<typeof extendAct> | undefined>(
          (below, sub) => extendAct(sub, below, 'user:0'),
          undefined,
        );
        assert.deepEqual(readAct(JSON.parse(JSON.stringify(act))), act);
        assert.deepEqual(actorsOf(act), subjects);
      }),
    );
  });
});
