/**
 * Finds the rules that may match an identity without looking at the others.
 *
 * Each rule is filed under one thing that it demands exactly: the values of its provider's own fields taken together,
 * or of one claim, whichever fewest other rules demand. An identity is looked up under what it has. A rule that
 * demands nothing exactly is in the remainder, which is always looked at. So what is found holds every rule that
 * matches, and the cost depends on how many rules share the proof's exact values, not on how many there are.
 */
import { MATCH_FIELDS } from '../api/v1alpha1/index.ts';
import type { VerifiedIdentity } from '../identity.ts';
import { ownMember } from './claims.ts';
import type { CompiledRule } from './model.ts';
import type { Predicate } from './predicate.ts';

/** Rules in the one order. */
export type RuleList = readonly CompiledRule[];

/** Beyond this many combinations of values a rule is filed under fewer fields. */
const MAX_COMBINATIONS = 32;
const SEPARATOR = '\u0000';

interface FieldTable {
  readonly fields: readonly string[];
  readonly rules: Map<string, CompiledRule[]>;
}

/** The claims that rules are filed under, as a tree of member names. */
interface ClaimNode {
  readonly children: Map<string, ClaimNode>;
  rules?: Map<string, CompiledRule[]>;
}

/** One way to file a rule: under each of `values`, in the table that `table` names. */
interface Filing {
  readonly table: string;
  readonly values: readonly string[];
  readonly fields?: readonly string[];
  readonly path?: readonly string[];
}

export class RuleIndex {
  readonly #fields = new Map<string, FieldTable>();
  readonly #claims: ClaimNode = { children: new Map() };
  readonly #remainder: CompiledRule[] = [];
  #tables: readonly FieldTable[] = [];

  /** @param rules of one anchor, in the one order */
  constructor(rules: RuleList) {
    const filings = rules.map(filingsOf);
    const counts = new Map<string, number>();
    for (const { table, values } of filings.flat())
      for (const value of values) counts.set(table + value, (counts.get(table + value) ?? 0) + 1);
    const crowd = ({ table, values }: Filing) => Math.max(...values.map((value) => counts.get(table + value) ?? 0));
    rules.forEach((rule, i) => {
      let best: Filing | undefined;
      for (const filing of filings[i]!) if (!best || crowd(filing) < crowd(best)) best = filing;
      if (best) this.#file(rule, best);
      else this.#remainder.push(rule);
    });
    this.#tables = [...this.#fields.values()];
  }

  #file(rule: CompiledRule, { table, values, fields, path }: Filing): void {
    let rules: Map<string, CompiledRule[]>;
    if (fields) {
      const found = this.#fields.get(table) ?? { fields, rules: new Map() };
      this.#fields.set(table, found);
      rules = found.rules;
    } else {
      let node = this.#claims;
      for (const name of path ?? []) {
        const next = node.children.get(name) ?? { children: new Map() };
        node.children.set(name, next);
        node = next;
      }
      node.rules ??= new Map();
      rules = node.rules;
    }
    for (const value of values) {
      const list = rules.get(value);
      if (list) list.push(rule);
      else rules.set(value, [rule]);
    }
  }

  /** Adds to `found` lists that together hold every rule that may match, each list in the one order. */
  collect(identity: VerifiedIdentity, found: RuleList[]): void {
    for (const { fields, rules } of this.#tables) {
      const key = keyOf(fields, identity);
      const list = key === undefined ? undefined : rules.get(key);
      if (list) found.push(list);
    }
    if (this.#claims.children.size > 0) collectClaims(this.#claims, identity.claims, found);
    if (this.#remainder.length > 0) found.push(this.#remainder);
  }
}

function keyOf(fields: readonly string[], { attributes }: VerifiedIdentity): string | undefined {
  let key = '';
  for (const field of fields) {
    const value = attributes.get(field);
    if (value === undefined) return undefined;
    key = key === '' ? value : key + SEPARATOR + value;
  }
  return key;
}

function collectClaims(node: ClaimNode, value: unknown, found: RuleList[]): void {
  if (node.rules) {
    const elements = Array.isArray(value) ? new Set(value) : [value];
    for (const element of elements) {
      const list = typeof element === 'string' ? node.rules.get(element) : undefined;
      if (list) found.push(list);
    }
  }
  if (node.children.size === 0 || typeof value !== 'object' || value === null) return;
  // Walks the shorter of what the rules ask for and what the proof holds.
  if (node.children.size <= 8) {
    for (const [name, child] of node.children) collectClaims(child, ownMember(value, name), found);
    return;
  }
  for (const name of Object.keys(value)) {
    const child = node.children.get(name);
    if (child) collectClaims(child, ownMember(value, name), found);
  }
}

/** Every way to file a rule; none if it demands nothing exactly. */
function filingsOf(rule: CompiledRule): Filing[] {
  const demands = rule.predicates.filter(
    ({ operator, exact, globs }) => operator === 'In' && globs.length === 0 && exact.length > 0,
  );
  const filings = fieldFiling(demands, rule);
  for (const { source, exact } of demands)
    if (source.kind === 'claim')
      filings.push({ table: `claim ${JSON.stringify(source.path)} `, values: [...new Set(exact)], path: source.path });
  return filings;
}

function fieldFiling(demands: readonly Predicate[], rule: CompiledRule): Filing[] {
  const chosen = new Map<string, readonly string[]>();
  let combinations = 1;
  for (const { source, exact } of [...demands].sort((a, b) => a.exact.length - b.exact.length)) {
    if (source.kind !== 'attribute' || chosen.has(source.name)) continue;
    const values = [...new Set(exact)];
    if (combinations * values.length > MAX_COMBINATIONS) continue;
    combinations *= values.length;
    chosen.set(source.name, values);
  }
  if (chosen.size === 0) return [];
  const fields = (MATCH_FIELDS[rule.policy.provider] as readonly string[]).filter((field) => chosen.has(field));
  let values = [''];
  fields.forEach((field, i) => {
    values = values.flatMap((head) => chosen.get(field)!.map((value) => (i === 0 ? value : head + SEPARATOR + value)));
  });
  return [{ table: `fields ${fields.join(' ')} `, values, fields }];
}
