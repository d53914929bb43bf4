import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PathSegment } from '../../src/identity.ts';
import { parsePathTemplate, pathFields, writtenFields } from '../../src/policy/path-template.ts';
import { readPath } from '../../src/proof/spiffe-id.ts';

function parsed(text: string): readonly PathSegment[] {
  const template = parsePathTemplate(text);
  assert.ok(typeof template !== 'string', `${text}: ${template}`);
  return template;
}

const read = (text: string, path: string) => Object.fromEntries(readPath(parsed(text), path.split('/').slice(1)));

describe('a path template', () => {
  it('is literals and fields, a segment each, and reads the whole path', () => {
    const text = '/agent/{tenantId}/{userId}/{agentType}/{agentId}';
    assert.deepEqual(pathFields(parsed(text)), ['tenantId', 'userId', 'agentType', 'agentId']);
    assert.deepEqual(read(text, '/agent/tenant-1/alice/global-worker/agent-22962c27'), {
      tenantId: 'tenant-1',
      userId: 'alice',
      agentType: 'global-worker',
      agentId: 'agent-22962c27',
    });
    for (const path of ['/agent/a/b/c', '/agent/a/b/c/d/e', '/agents/a/b/c/d', '/x/agent/a/b/c', '/AGENT/a/b/c/d', ''])
      assert.deepEqual(read(text, path), {}, path);
  });

  it('may be literals alone, or fields alone', () => {
    assert.deepEqual(read('/a/b', '/a/b'), {});
    assert.deepEqual(read('/{a}/{b}', '/x/y'), { a: 'x', b: 'y' });
  });

  it('has no parts of segments, no field twice, none that every identity has, and no dot segments', () => {
    for (const [text, why] of [
      ['', /begins with/],
      ['agent/{a}', /begins with/],
      ['/', /segments/],
      ['/agent/', /segments/],
      ['//agent', /segments/],
      ['/agent-{a}', /segments/],
      ['/{a}{b}', /segments/],
      ['/{a', /segments/],
      ['/a}', /segments/],
      ['/{}', /segments/],
      ['/{a b}', /segments/],
      ['/{1a}', /segments/],
      ['/{a.b}', /segments/],
      ['/{__proto__}', /segments/],
      ['/*', /segments/],
      ['/a%2fb', /segments/],
      ['/a/./b', /dot segments/],
      ['/..', /dot segments/],
      ['/{a}/x/{a}', /each field once/],
      ['/{id}', /named? a field id|field id/],
      ['/{trustDomain}', /field trustDomain/],
      [`/${'a'.repeat(256)}`, /256/],
    ] as const) {
      const template = parsePathTemplate(text);
      assert.ok(typeof template === 'string', text);
      assert.match(template, why, text);
      assert.deepEqual(writtenFields(text), []);
    }
    assert.ok(Array.isArray(parsePathTemplate('/{constructor}/{toString}')));
  });

  const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/).filter((text) => text !== '.' && text !== '..');
  const field = fc
    .stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/)
    .filter((name) => !['id', 'trustDomain'].includes(name));
  const template = fc
    .tuple(
      fc.uniqueArray(field, { maxLength: 6 }),
      fc.array(segment, { maxLength: 6 }),
      fc.infiniteStream(fc.boolean()),
    )
    .filter(([fields, literals]) => fields.length + literals.length > 0)
    .map(([fields, literals, first]) => {
      const parts: PathSegment[] = [];
      const [a, b] = [[...fields], [...literals]];
      while (a.length + b.length > 0) {
        const isField = b.length === 0 || (a.length > 0 && first.next().value);
        parts.push(isField ? { field: a.shift()! } : { literal: b.shift()! });
      }
      return parts;
    });
  const written = (parts: readonly PathSegment[]) =>
    parts.map((part) => ('field' in part ? `/{${part.field}}` : `/${part.literal}`)).join('');

  it('is what it is written as', () => {
    fc.assert(fc.property(template, (parts) => assert.deepEqual(parsePathTemplate(written(parts)), parts)));
  });

  it('reads from a path just the fields that it was rendered with', () => {
    fc.assert(
      fc.property(template, fc.infiniteStream(segment), (parts, values) => {
        const fields: Record<string, string> = Object.create(null);
        const path = parts.map((part) => {
          if (!('field' in part)) return part.literal;
          fields[part.field] = values.next().value!;
          return fields[part.field]!;
        });
        assert.deepEqual(new Map(readPath(parts, path)), new Map(Object.entries(fields)));
      }),
    );
  });

  it('reads a path or nothing: what it read renders to that very path', () => {
    fc.assert(
      fc.property(template, fc.array(segment, { maxLength: 8 }), (parts, path) => {
        const fields = new Map(readPath(parts, path));
        if (fields.size === 0) return;
        assert.deepEqual(
          parts.map((part) => ('field' in part ? fields.get(part.field) : part.literal)),
          path,
        );
      }),
    );
  });
});
