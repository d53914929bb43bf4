/** One condition of a rule. Nothing is ever coerced: a number never equals a string, nor `"true"` a boolean. */
import { MATCH_FIELDS, type Match, type MatchExpression } from '../api/v1alpha1/index.ts';
import type { ProviderName, VerifiedIdentity } from '../identity.ts';
import { type ClaimPath, claimName, claimPointer, isMissing, parseClaimName, readClaim } from './claims.ts';
import { compileGlob, type Glob, hasWildcard } from './glob.ts';
import type { Problems } from './problems.ts';

/** Where a value stands in an identity. */
export type ValueSource =
  | { readonly kind: 'attribute'; readonly name: string }
  | { readonly kind: 'claim'; readonly path: ClaimPath };

export interface Predicate {
  /** As it is called in an explanation: `namespace`, `claims.repository`, `expressions[0] eventName`. */
  readonly label: string;
  readonly source: ValueSource;
  readonly operator: MatchExpression['operator'];
  /** With In and NotIn: values compared as they are, and those with wildcards. */
  readonly exact: readonly string[];
  readonly globs: readonly Glob[];
}

export function readValue(source: ValueSource, identity: VerifiedIdentity): unknown {
  return source.kind === 'attribute' ? identity.attributes.get(source.name) : readClaim(identity.claims, source.path);
}

/** Whether the predicate holds for this identity. */
export function holds(predicate: Predicate, identity: VerifiedIdentity): boolean {
  const value = readValue(predicate.source, identity);
  switch (predicate.operator) {
    case 'In':
      return someIn(predicate, value);
    case 'NotIn':
      return isText(value) && !someIn(predicate, value);
    case 'Exists':
      return !isMissing(value);
    case 'DoesNotExist':
      return isMissing(value);
    case 'IsTrue':
      return value === true;
    case 'IsFalse':
      return value === false;
  }
}

function someIn(predicate: Predicate, value: unknown): boolean {
  if (typeof value === 'string') return oneIn(predicate, value);
  return Array.isArray(value) && value.some((element) => typeof element === 'string' && oneIn(predicate, element));
}

function oneIn({ exact, globs }: Predicate, value: string): boolean {
  // `**` would match the empty string, but an empty value never matches.
  if (value === '') return false;
  return exact.includes(value) || globs.some((glob) => glob.matches(value));
}

/** A string or an array of strings, neither of them empty. */
function isText(value: unknown): boolean {
  if (isMissing(value)) return false;
  return typeof value === 'string' || (Array.isArray(value) && value.every((element) => typeof element === 'string'));
}

/** The name of a value as the audit record states it: an attribute's, or a claim's, as a pointer where both exist. */
export function sourceName(source: ValueSource, provider: ProviderName): string {
  if (source.kind === 'attribute') return source.name;
  const name = claimName(source.path);
  // A path template may name any attribute.
  return provider === 'spiffe' || isField(provider, name) ? claimPointer(source.path) : name;
}

export function isField(provider: ProviderName, name: string): boolean {
  return (MATCH_FIELDS[provider] as readonly string[]).includes(name);
}

export const sameSource = (a: ValueSource, b: ValueSource): boolean =>
  a.kind === 'attribute'
    ? b.kind === 'attribute' && a.name === b.name
    : b.kind === 'claim' && a.path.length === b.path.length && a.path.every((part, i) => part === b.path[i]);

/** A predicate that wants one value; with `*` in it, a glob. */
export function equals(label: string, source: ValueSource, value: string): Predicate {
  return within(label, source, 'In', [value]);
}

function within(label: string, source: ValueSource, operator: Predicate['operator'], values: readonly string[]) {
  return {
    label,
    source,
    operator,
    exact: values.filter((value) => !hasWildcard(value)),
    globs: values.filter(hasWildcard).map(compileGlob),
  };
}

/** The values of an In, wildcards and all. */
export const patternsOf = (predicate: Predicate): string[] => [
  ...predicate.exact,
  ...predicate.globs.map((glob) => glob.pattern),
];

const ALL_FIELDS = [...new Set<string>(Object.values(MATCH_FIELDS).flat())];

/**
 * Compiles what a rule says of identities, in the order: own fields, claims, expressions.
 *
 * @param pathFields the fields of the policy's path template
 */
export function compileMatch(
  match: Match,
  provider: ProviderName,
  path: string,
  problems: Problems,
  pathFields: readonly string[] = [],
): Predicate[] {
  const predicates: Predicate[] = [];
  for (const field of ALL_FIELDS) {
    const value = match[field as keyof Match];
    if (typeof value !== 'string') continue;
    if (isField(provider, field)) predicates.push(equals(field, { kind: 'attribute', name: field }, value));
    else problems.error('FieldNotForProvider', `${path}.${field}`, `provider ${provider} has no field ${field}`);
  }
  for (const [name, value] of Object.entries(match.path ?? {})) {
    if (pathFields.includes(name)) predicates.push(equals(`path.${name}`, { kind: 'attribute', name }, value));
    else problems.error('FieldNotForProvider', `${path}.path`, `spec.spiffe.pathTemplate has no field ${name}`);
  }
  for (const [name, value] of Object.entries(match.claims ?? {})) {
    const source = claimSource(name, `${path}.claims`, problems);
    if (source) predicates.push(equals(`claims.${name}`, source, value));
  }
  match.expressions?.forEach((expression, i) => {
    const at = `${path}.expressions[${i}]`;
    const { key, operator, values } = expression;
    const source =
      isField(provider, key) || pathFields.includes(key)
        ? ({ kind: 'attribute', name: key } as const)
        : claimSource(key, at, problems);
    const takesValues = operator === 'In' || operator === 'NotIn';
    if (takesValues !== (values !== undefined && values.length > 0))
      problems.error('InvalidExpression', at, 'values goes with the operators In and NotIn, and only with them');
    else if (source) predicates.push(within(`expressions[${i}] ${key}`, source, operator, values ?? []));
  });
  return predicates;
}

function claimSource(name: string, path: string, problems: Problems): ValueSource | undefined {
  const claim = parseClaimName(name);
  if (claim) return { kind: 'claim', path: claim };
  problems.error('InvalidPointer', path, 'in a JSON Pointer ~ stands only in ~0 and ~1');
  return undefined;
}
