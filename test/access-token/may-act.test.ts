import assert from 'node:assert/strict';
import { parseMayAct, satisfies } from '../../src/access-token/index.ts';
import { refused } from './support.ts';

describe('may_act', () => {
  it('names one subject, or the agents of one type', () => {
    assert.deepEqual(parseMayAct('{"sub":"spiffe://cluster.local/a"}'), { sub: 'spiffe://cluster.local/a' });
    assert.deepEqual(parseMayAct(' {"agent_type": "worker"} '), { agent_type: 'worker' });
  });

  it('P32: is exactly one of the two, and no pattern means anybody', () => {
    for (const text of [
      '',
      '{}',
      'null',
      '"a"',
      '[]',
      '[{"sub":"a"}]',
      '{"sub":""}',
      '{"sub":["a","b"]}',
      '{"sub":null}',
      '{"sub":"a","agent_type":"b"}',
      '{"sub":"a","sub":"b"}',
      '{"sub":"a","iss":"b"}',
      '{"agent_type":7}',
      '{"agent_type":""}',
      '{"__proto__":{"sub":"a"}}',
      '{"sub":"a"',
      `{"sub":"${'a'.repeat(5000)}"}`,
      '{"sub":"a\\u0000"}',
    ])
      assert.throws(() => parseMayAct(text), refused('may_act'), text.slice(0, 40));
    assert.equal(satisfies(parseMayAct('{"sub":"*"}'), { sub: 'a' }), false);
    assert.equal(satisfies(parseMayAct('{"agent_type":"*"}'), { sub: 'a', agentType: 'worker' }), false);
  });

  it('P32: TX-15: is satisfied by whom it names alone, and an agent type only by a registration', () => {
    const rows = [
      [{ sub: 'a' }, { sub: 'a' }, true],
      [{ sub: 'a' }, { sub: 'A' }, false],
      [{ sub: 'a' }, { sub: 'a/b' }, false],
      [{ sub: 'worker' }, { sub: 'a', agentType: 'worker' }, false],
      [{ agent_type: 'worker' }, { sub: 'a', agentType: 'worker' }, true],
      [{ agent_type: 'worker' }, { sub: 'a', agentType: 'worker2' }, false],
      [{ agent_type: 'worker' }, { sub: 'worker' }, false],
    ] as const;
    for (const [mayAct, actor, holds] of rows)
      assert.equal(satisfies(mayAct, actor), holds, JSON.stringify([mayAct, actor]));
  });
});
