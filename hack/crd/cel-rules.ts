/** What can be known of a CEL rule without compiling it. Type errors and cost are for a real API server to say. */
import type { CelRule } from '../../src/api/v1alpha1/index.ts';
import { SchemaError } from './errors.ts';
import type { CrdSchema } from './types.ts';

/** CEL's reserved words: Kubernetes wants them written `__word__` where they name a property. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return'.split(' '),
);

/** Without FieldValueDuplicate: an API server drops the message of such a rule. */
const REASONS = new Set(['FieldValueInvalid', 'FieldValueForbidden', 'FieldValueRequired']);
const KEYS = new Set(['rule', 'message', 'messageExpression', 'reason', 'fieldPath']);

/**
 * @param schema The schema that the rules stand in.
 * @param correlatable Whether an old value can be found: not inside atomic lists and sets, where `oldSelf` is refused.
 * @throws SchemaError
 */
export function checkRules(schema: CrdSchema, path: string, correlatable: boolean): void {
  const rules = schema['x-kubernetes-validations'];
  if (rules === undefined) return;
  if (!Array.isArray(rules) || rules.length === 0) throw new SchemaError(path, 'x-kubernetes-validations is empty');
  const seen = new Set<string>();
  for (const rule of rules) {
    if (seen.has(rule.rule)) throw new SchemaError(path, `a rule stands twice: ${rule.rule}`);
    seen.add(rule.rule);
    checkRule(rule, schema, path, correlatable);
  }
}

function checkRule(rule: CelRule, schema: CrdSchema, path: string, correlatable: boolean): void {
  const fail = (message: string): never => {
    throw new SchemaError(path, `${message}, in the rule: ${rule.rule}`);
  };
  for (const key of Object.keys(rule)) if (!KEYS.has(key)) fail(`a CEL rule has no ${key}`);
  if (typeof rule.rule !== 'string' || rule.rule.trim() === '') fail('an empty rule');
  const message = rule.message ?? '';
  if (message === '' && !rule.messageExpression) fail('no message');
  if (/[\r\n]/.test(message) || message.length > 2048) fail('a message is one line of at most 2048 characters');
  if (rule.reason !== undefined && !REASONS.has(rule.reason)) fail(`no such reason: ${rule.reason}`);
  if (rule.fieldPath !== undefined && !resolves(rule.fieldPath, schema)) fail(`no such field: ${rule.fieldPath}`);

  const code = rule.rule.replaceAll(/'[^']*'|"[^"]*"/g, "''");
  if (/\boldSelf\b/.test(code) && !correlatable) fail('oldSelf inside an atomic list or set');
  for (const [, name = ''] of code.matchAll(/\.([A-Za-z_][A-Za-z0-9_]*)/g)) {
    if (RESERVED.has(name)) fail(`write .__${name}__`);
  }
  if (!schema.properties) return;
  for (const [, name = ''] of code.matchAll(/\b(?:self|oldSelf)\.([A-Za-z_][A-Za-z0-9_]*)/g)) {
    const property = name.replace(/^__(.*)__$/, '$1');
    if (!Object.hasOwn(schema.properties, property)) fail(`no such property: ${property}`);
  }
}

/** Whether a path such as `.spec.issuer` names a property below the schema. */
function resolves(fieldPath: string, schema: CrdSchema): boolean {
  if (!/^(\.[A-Za-z][A-Za-z0-9]*)+$/.test(fieldPath)) return false;
  let at: CrdSchema | undefined = schema;
  for (const name of fieldPath.slice(1).split('.')) {
    at = at.properties && Object.hasOwn(at.properties, name) ? at.properties[name] : undefined;
    if (!at) return false;
  }
  return true;
}
