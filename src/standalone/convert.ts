/** The snake_case short form of a policy → the resource it means. */
import { API_VERSION } from '../api/v1alpha1/index.ts';
import { printable } from './errors.ts';
import { GITHUB_CLAIM_FIELDS, GITHUB_ISSUER, isGithubIssuer } from './github.ts';
import { type FieldSchema, specSchema } from './schema.ts';
import { type Finding, isRecord, type Path, unknownNames } from './strict.ts';

type Fields = Record<string, unknown>;

export interface Converted {
  /** As it would be written; not yet checked against the schema. */
  readonly written: Fields;
  readonly findings: readonly Finding[];
}

/** Whether a document is in the short form: no type, but a provider and rules. */
export function isShortForm(document: Readonly<Fields>): boolean {
  return (
    !Object.hasOwn(document, 'apiVersion') &&
    !Object.hasOwn(document, 'kind') &&
    Object.hasOwn(document, 'provider') &&
    Object.hasOwn(document, 'trust_rules')
  );
}

/**
 * What a document in the short form means. Members are the resource's in snake_case; names of claims stay as they are.
 *
 * - provider `kubernetes`: a TrustPolicy in the one namespace that all its rules name;
 * - every other provider: a ClusterTrustPolicy;
 * - provider `oidc` with an issuer of GitHub's shape (`isGithubIssuer`): provider `github`, github.com's issuer left
 *   out, and the claims it knows moved to the fields of that provider.
 *
 * @param name The resource's name: that of the file. Rules without a name are `rule-1`, `rule-2`…
 */
export function convert(document: Readonly<Fields>, name: string): Converted {
  const findings: Finding[] = [];
  const spec = toCamel(document, specSchema('ClusterTrustPolicy'), [], findings) as Fields;
  const rules = Array.isArray(spec.trustRules) ? spec.trustRules : [];
  for (const [i, rule] of rules.entries()) if (isRecord(rule)) rules[i] = { name: `rule-${i + 1}`, ...rule };

  const github = asGithub(spec, rules, findings);
  const metadata = { name: resourceName(name) };
  if (github.provider !== 'kubernetes') {
    return { written: { apiVersion: API_VERSION, kind: 'ClusterTrustPolicy', metadata, spec: github }, findings };
  }
  const namespace = oneNamespace(rules, findings);
  const written = { apiVersion: API_VERSION, kind: 'TrustPolicy', metadata: { ...metadata, namespace }, spec: github };
  return { written, findings };
}

/** A file's name as a resource may be called (RFC 1123): lower case, other characters as `-`. */
export function resourceName(stem: string): string {
  const name = stem
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .slice(0, 253)
    .replace(/^[.-]+/, '')
    .replace(/[.-]+$/, '');
  return name === '' ? 'policy' : name;
}

/** Members renamed as the schema spells them, in its order; unknown ones are findings. */
function toCamel(value: unknown, schema: FieldSchema, path: Path, findings: Finding[]): unknown {
  if (Array.isArray(value) && schema.items) {
    return value.map((item, i) => toCamel(item, schema.items!, [...path, i], findings));
  }
  if (!isRecord(value) || !schema.properties) return value;
  const names = new Map(Object.keys(schema.properties).map((name) => [snake(name), name]));
  findings.push(...unknownNames(value, [...names.keys()], path));
  const fields: Fields = {};
  for (const [written, name] of names) {
    if (!Object.hasOwn(value, written)) continue;
    fields[name] = toCamel(value[written], schema.properties[name]!, [...path, written], findings);
  }
  return fields;
}

/** `trustRules` as the short form spells it, `trust_rules`. */
export function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function asGithub(spec: Fields, rules: unknown[], findings: Finding[]): Fields {
  const { provider, issuer } = spec;
  const isGithub =
    provider === 'github' || (provider === 'oidc' && typeof issuer === 'string' && isGithubIssuer(issuer));
  if (!isGithub) return spec;
  for (const [i, rule] of rules.entries()) {
    if (!isRecord(rule) || !isRecord(rule.match) || !isRecord(rule.match.claims)) continue;
    const { claims, expressions, ...fields } = rule.match;
    const rest: [string, unknown][] = [];
    for (const [claim, expected] of Object.entries(claims)) {
      const field = GITHUB_CLAIM_FIELDS.get(claim);
      if (field === undefined) rest.push([claim, expected]);
      else if (!Object.hasOwn(fields, field)) fields[field] = expected;
      else findings.push(twice(['trust_rules', i, 'match', 'claims', claim], snake(field)));
    }
    rule.match = {
      ...fields,
      ...(rest.length > 0 ? { claims: Object.fromEntries(rest) } : {}),
      ...(expressions === undefined ? {} : { expressions }),
    };
  }
  const { issuer: _, ...others } = spec;
  return issuer === GITHUB_ISSUER ? { ...others, provider: 'github' } : { ...spec, provider: 'github' };
}

function twice(path: Path, field: string): Finding {
  return { path, code: 'invalid_field', message: `${field} is also given beside claims: give one of them` };
}

/** The namespace that every rule names, literally. */
function oneNamespace(rules: readonly unknown[], findings: Finding[]): string | undefined {
  const names = new Set<string>();
  for (const [i, rule] of rules.entries()) {
    const match = isRecord(rule) && isRecord(rule.match) ? rule.match : {};
    if (typeof match.namespace === 'string' && !match.namespace.includes('*')) names.add(match.namespace);
    else {
      const path = ['trust_rules', i, 'match'];
      findings.push({ path, code: 'no_single_namespace', message: 'every kubernetes rule must name one namespace' });
    }
  }
  if (names.size > 1) {
    const list = [...names].slice(0, 4).map((name) => printable(name, 63));
    const message = `the rules name several namespaces (${list.join(', ')}): write one policy for each`;
    findings.push({ path: ['trust_rules'], code: 'no_single_namespace', message });
  }
  return [...names][0];
}
