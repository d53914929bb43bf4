import assert from 'node:assert/strict';
import { Impairments, SETTLE } from './impairments.ts';
import { fate, Killers } from './killers.ts';
import { deadBy, KEPT, LED, type Vanished } from './vanished.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** Revoked at 100 s, stripped and deleted four seconds later. */
const REVOKED = 100_000;
const SOON: Vanished = { mayBeTakenBack: false, told: REVOKED, due: REVOKED, from: 104_000, to: 104_010 };

describe('What is gone without a finalizer', () => {
  let impairments: Impairments;
  beforeEach(() => {
    impairments = new Impairments();
  });
  const by = (replica: number, one: Vanished = SOON, asked = 1e9) =>
    deadBy(one, REVOKED, { replica, asked }, impairments);

  it('is dead at once in who saw it, and for good', () => {
    assert.deepEqual(
      [0, 1, 2].map((replica) => by(replica)),
      [0, 1, 2].map(() => REVOKED + SETTLE),
    );
  });

  it('is dead everywhere once a replica that saw it had time to keep it, whoever did not', () => {
    impairments.note(0, 'cut', 90_000, 110_000);
    impairments.note(2, 'close', 90_000, 200_000);
    assert.deepEqual(
      [0, 1, 2].map((replica) => by(replica)),
      [104_010 + KEPT + SETTLE, REVOKED + SETTLE, 200_000 + SETTLE],
    );
    impairments.note(1, 'cut', 110_000, 120_000);
    assert.equal(by(0), 120_000 + KEPT + SETTLE, 'it could not write meanwhile');
  });

  it('is certain to nobody where no replica could see it, or all that did were killed before they could keep it', () => {
    for (const replica of [0, 2]) impairments.note(replica, 'apiserver', 90_000, 110_000);
    impairments.note(1, 'kill', 112_000, 113_000);
    assert.deepEqual(
      [0, 1, 2].map((replica) => by(replica)),
      [NEVER, NEVER, NEVER],
    );
    assert.equal(by(1, SOON, 111_000), NEVER);
  });

  it('is certain where a leader had the time to write what is due, whoever is killed', () => {
    const late = { ...SOON, from: REVOKED + LED + 1, to: REVOKED + LED + 2 };
    for (const replica of [0, 1, 2]) impairments.note(replica, 'kill', late.from, late.from + 9);
    assert.equal(by(1, late), REVOKED + SETTLE);
    assert.equal(
      by(1, { ...late, due: NEVER }),
      NEVER,
      'a policy that was stripped and deleted at once has nothing due',
    );
  });

  it('a TokenRevocation counts as kept by who saw it go, or by all if all knew it: any other may think it taken back', () => {
    const one: Vanished = { ...SOON, mayBeTakenBack: true, due: NEVER };
    impairments.note(0, 'cut', 90_000, 103_000);
    impairments.note(1, 'cut', 103_500, 106_000);
    impairments.note(2, 'close', 90_000, 110_000);
    assert.equal(by(1, one), NEVER);
    assert.equal(by(1), REVOKED + SETTLE, 'what was Revoked is never taken back');
    impairments = new Impairments();
    impairments.note(1, 'cut', 103_500, 106_000);
    assert.equal(by(1, one), REVOKED + SETTLE);
  });

  it('may be dead or alive while nobody can be sure, and is dead from then on', () => {
    impairments.note(0, 'cut', 90_000, 110_000);
    const killers = new Killers();
    const target = { by: 'policy', value: 'p', tenant: null, issuedBefore: null, why: 'test' } as const;
    const killer = killers.add(target, REVOKED - 5, true);
    Object.assign(killer, { answered: REVOKED, vanished: SOON });
    const at = (asked: number) => fate([killer], 0, asked, asked + 1, impairments);
    assert.deepEqual([115_000, 104_010 + KEPT + SETTLE + 1].map(at), ['either', 'dead']);
  });
});
