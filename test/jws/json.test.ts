import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseJsonObject } from '../../src/jws/index.ts';
import { refused } from './support.ts';

describe('JSON that means one thing', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":{"a":1,"b":{},"a":1}}',
    '{"x":[{"a":":","a":"{"}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
  ]) {
    it(`JB-8: refuses a member that occurs twice: ${text}`, () => {
      assert.throws(() => parseJsonObject(text), refused('duplicate_member'));
    });
  }

  it('is not confused by structure characters and escaped quotes inside strings', () => {
    const text = '{"a:{[\\"":":}]\\\\","b":["\\"a\\":1",{"a":{"b":"\\\\\\""}}]}';
    assert.deepEqual(parseJsonObject(text), JSON.parse(text));
  });

  it('JB-8: refuses what is not one JSON object', () => {
    for (const text of ['[]', 'null', '"a"', '1', 'true']) {
      assert.throws(() => parseJsonObject(text), refused('not_an_object'));
    }
    for (const text of ['', '{', '{"a":1}}', '{"a":1,}', "{'a':1}", '\ufeff{}', '{"a":NaN}', '{"a":"\n"}', '{} {}']) {
      assert.throws(() => parseJsonObject(text), refused('json'));
    }
  });

  it('bounds nesting before it parses', () => {
    assert.doesNotThrow(() => parseJsonObject(`{"a":${'['.repeat(15)}${']'.repeat(15)}}`));
    assert.throws(() => parseJsonObject(`{"a":${'['.repeat(16)}${']'.repeat(16)}}`), refused('too_deep'));
    assert.throws(() => parseJsonObject('{"a":'.repeat(3000)), refused('too_deep'));
  });

  it('refuses half a surrogate pair, in names and values, for it has no UTF-8 form', () => {
    for (const text of ['{"a":"\\ud800"}', '{"\\udc00":1}', '{"a":["\\ud800x"]}']) {
      assert.throws(() => parseJsonObject(text), refused('utf8'));
    }
    assert.deepEqual(parseJsonObject('{"a":"\\ud83d\\ude00"}'), { a: '😀' });
  });

  it('P22: integers that a double cannot tell apart stay apart, as the characters that were written', () => {
    const a = parseJsonObject('{"id":9007199254740993,"n":[-9007199254740993],"safe":9007199254740991}');
    const b = parseJsonObject('{"id":9007199254740992,"n":[-9007199254740992],"safe":9007199254740991}');
    assert.deepEqual(a, { id: '9007199254740993', n: ['-9007199254740993'], safe: 9007199254740991 });
    assert.notDeepEqual(a, b);
    assert.deepEqual(parseJsonObject('{"big":1e400}'), { big: '1e400' });
  });

  it('P26: a member named __proto__ or constructor is a member like any other', () => {
    const object = parseJsonObject('{"__proto__":{"admin":true},"constructor":"x"}');
    assert.deepEqual(Object.keys(object), ['__proto__', 'constructor']);
    assert.equal((object as { admin?: unknown }).admin, undefined);
    assert.equal(Object.getPrototypeOf(object), Object.prototype);
  });

  const shallow = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger(),
      fc.double({ min: -1e15, max: 1e15, noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc.dictionary(
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'a', 'b', 'constructor')),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  }));

  it('reads every object that JSON.stringify writes exactly as JSON.parse does', () => {
    fc.assert(
      fc.property(shallow.object, (object) => {
        const text = JSON.stringify(object);
        assert.deepEqual(parseJsonObject(text), JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses every object in which some member was written twice', () => {
    fc.assert(
      fc.property(shallow.object, fc.string(), shallow.value, fc.boolean(), (object, name, value, nested) => {
        const rest = Object.hasOwn(object as object, name) ? {} : (object as object);
        const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        const body = JSON.stringify(rest).slice(1, -1);
        const twice = `{${[member, body, member].filter((part) => part !== '').join(',')}}`;
        assert.throws(() => parseJsonObject(nested ? `{"outer":[${twice}]}` : twice), refused('duplicate_member'));
      }),
      { numRuns: 300 },
    );
  });
});
