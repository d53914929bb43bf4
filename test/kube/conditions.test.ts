import assert from 'node:assert/strict';
import { changedConditions, mergeConditions, type NewCondition, readConditions } from '../../src/kube/conditions.ts';

const T1 = Date.parse('2026-01-01T00:00:00.700Z');
const T2 = Date.parse('2026-01-02T00:00:00Z');

function condition(status: NewCondition['status'], more: Partial<NewCondition> = {}): NewCondition {
  return { type: 'Ready', status, reason: 'Because', message: 'text', observedGeneration: 1, ...more };
}

describe('conditions', () => {
  it('state when the status changed, to the second', () => {
    assert.deepEqual(mergeConditions(undefined, [condition('True')], T1), [
      { ...condition('True'), lastTransitionTime: '2026-01-01T00:00:00Z' },
    ]);
  });

  it('keep the time while the status stays, though reason, message and generation change', () => {
    const old = mergeConditions([], [condition('False')], T1);
    const next = condition('False', { reason: 'Other', message: 'new', observedGeneration: 2 });
    assert.deepEqual(mergeConditions(old, [next], T2), [{ ...next, lastTransitionTime: '2026-01-01T00:00:00Z' }]);
    assert.equal(mergeConditions(old, [condition('Unknown')], T2)[0]?.lastTransitionTime, '2026-01-02T00:00:00Z');
  });

  it('keep those of others in their place, and drop the ones that are named', () => {
    const old = mergeConditions(
      [],
      [condition('True', { type: 'Foreign' }), condition('True'), condition('True', { type: 'Revoked' })],
      T1,
    );
    const merged = mergeConditions(old, [condition('False')], T2, ['Revoked']);
    assert.deepEqual(
      merged.map(({ type, status }) => `${type}=${status}`),
      ['Foreign=True', 'Ready=False'],
    );
  });

  it('are never more than 16, of which ours come first', () => {
    const old = mergeConditions(
      [],
      Array.from({ length: 16 }, (_, i) => condition('True', { type: `Foreign${i}` })),
      T1,
    );
    const merged = mergeConditions(old, [condition('True'), condition('True', { type: 'Accepted' })], T2);
    assert.equal(merged.length, 16);
    assert.deepEqual(
      merged.slice(-2).map(({ type }) => type),
      ['Ready', 'Accepted'],
    );
  });

  it('of a status that somebody wrote nonsense into are read as far as they make sense', () => {
    const good = { ...condition('True'), lastTransitionTime: '2026-01-01T00:00:00Z' };
    const nonsense = [
      null,
      1,
      'x',
      {},
      { ...good, status: 'yes' },
      { ...good, lastTransitionTime: 'x' },
      { ...good, type: 3 },
    ];
    assert.deepEqual(readConditions([...nonsense, good]), [good]);
    for (const old of [null, 'x', 7, {}]) assert.deepEqual(readConditions(old), []);
    assert.equal(mergeConditions(nonsense, [condition('True')], T2)[0]?.lastTransitionTime, '2026-01-02T00:00:00Z');
  });

  it('have bounded messages of one line, and say what was cut', () => {
    const message = `${'ä😀'.repeat(40_000)}\nend`;
    const [merged] = mergeConditions([], [condition('True', { message })], T1);
    assert.ok([...(merged?.message ?? '')].length <= 4_096);
    assert.match(merged?.message ?? '', /… \(\d+ characters\)$/);
    assert.ok((merged?.message ?? '').isWellFormed());
    assert.equal(mergeConditions([], [condition('True', { message: 'a\nb\u0007c' })], T1)[0]?.message, 'a b c');
  });

  it('have reasons that the API takes', () => {
    for (const reason of ['', 'two words', '1st', 'x'.repeat(2_000)])
      assert.throws(() => mergeConditions([], [condition('True', { reason })], T1), RangeError);
  });

  it('that changed in status or reason are told apart from those that did not', () => {
    const old = mergeConditions([], [condition('True'), condition('True', { type: 'Accepted' })], T1);
    const same = mergeConditions(old, [condition('True', { message: 'new', observedGeneration: 9 })], T2);
    assert.deepEqual(changedConditions(old, same), []);
    const other = mergeConditions(old, [condition('True', { reason: 'Other' })], T2);
    assert.deepEqual(
      changedConditions(old, other).map(({ type }) => type),
      ['Ready'],
    );
  });
});
