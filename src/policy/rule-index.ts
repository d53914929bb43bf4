/**
 * Finds the rules that may match an identity without looking at the others.
 *
 * Each rule is filed under one thing that it demands exactly: the values of its provider's own fields taken together,
 * or of one claim, whichever fewest other rules demand. An identity is looked up under what it has. A rule that
 * demands nothing exactly is in the remainder, which is always looked at. So what is found holds every rule that
 * matches, and the cost depends on how many rules share the proof's exact values, not on how many there are.
 */
import type { VerifiedIdentity } from '../identity.ts';
import { ownMember } from './claims.ts';
import type { CompiledRule } from './model.ts';
import type { Predicate } from './predicate.ts';

/** Rules in the one order. */
export type RuleList = readonly CompiledRule[];

/** One rule where it is filed; a chain of them is in the one order. */
export interface Entry {
  readonly ordinal: number;
  readonly rule: CompiledRule;
  /** What being found there does not already prove. */
  readonly rest: readonly Predicate[];
  readonly next: Entry | undefined;
}

/** Beyond this many combinations of values a rule is filed under fewer fields. */
const MAX_COMBINATIONS = 32;
const SEPARATOR = '\u0000';

interface FieldTable {
  readonly fields: readonly string[];
  readonly entries: Map<string, Entry>;
}

/** The claims that rules are filed under, as a tree of member names. */
interface ClaimNode {
  readonly children: Map<string, ClaimNode>;
  entries?: Map<string, Entry>;
}

/** One way to file a rule: under each of `values`, in the table that `table` names. */
interface Filing {
  readonly table: string;
  readonly values: readonly string[];
  readonly fields?: readonly string[];
  readonly path?: readonly string[];
  /** What whatever is found there fulfils. */
  readonly proven: readonly Predicate[];
}

export class RuleIndex {
  readonly #fields: readonly FieldTable[];
  readonly #claims: ClaimNode = { children: new Map() };
  readonly #remainder: Entry | undefined;

  /** @param rules of one anchor, in the one order */
  constructor(rules: RuleList) {
    const filings = rules.map(filingsOf);
    const counts = new Map<string, number>();
    for (const { table, values } of filings.flat())
      for (const value of values) counts.set(table + value, (counts.get(table + value) ?? 0) + 1);
    const crowd = ({ table, values }: Filing) => Math.max(...values.map((value) => counts.get(table + value) ?? 0));

    const fields = new Map<string, FieldTable>();
    const entriesOf = ({ table, fields: names, path }: Filing): Map<string, Entry> => {
      if (!names) return this.#claimEntries(path ?? []);
      const found = fields.get(table) ?? { fields: names, entries: new Map() };
      fields.set(table, found);
      return found.entries;
    };
    // Last rule first, so that each goes before the rest of its chain.
    for (let i = rules.length - 1; i >= 0; i--) {
      const rule = rules[i]!;
      let best: Filing | undefined;
      for (const filing of filings[i]!) if (!best || crowd(filing) < crowd(best)) best = filing;
      if (!best) {
        this.#remainder = entry(rule, rule.predicates, this.#remainder);
        continue;
      }
      const entries = entriesOf(best);
      const { proven } = best;
      const rest = rule.predicates.filter((predicate) => !proven.includes(predicate));
      for (const value of best.values) entries.set(value, entry(rule, rest, entries.get(value)));
    }
    this.#fields = [...fields.values()];
  }

  #claimEntries(path: readonly string[]): Map<string, Entry> {
    let node = this.#claims;
    for (const name of path) {
      const next = node.children.get(name) ?? { children: new Map() };
      node.children.set(name, next);
      node = next;
    }
    node.entries ??= new Map();
    return node.entries;
  }

  /** Calls `found` with chains that together hold every rule that may match. */
  collect(identity: VerifiedIdentity, found: (chain: Entry) => void): void {
    for (const { fields, entries } of this.#fields) {
      const key = keyOf(fields, identity);
      const chain = key === undefined ? undefined : entries.get(key);
      if (chain) found(chain);
    }
    if (this.#claims.children.size > 0) collectClaims(this.#claims, identity.claims, found);
    if (this.#remainder) found(this.#remainder);
  }
}

const NOTHING: readonly Predicate[] = [];

function entry(rule: CompiledRule, rest: readonly Predicate[], next: Entry | undefined): Entry {
  return { ordinal: rule.ordinal, rule, rest: rest.length === 0 ? NOTHING : rest, next };
}

function keyOf(fields: readonly string[], { attributes }: VerifiedIdentity): string | undefined {
  let key = attributes.get(fields[0]!);
  for (let i = 1; i < fields.length; i++) {
    const value = attributes.get(fields[i]!);
    if (key === undefined || value === undefined) return undefined;
    key += SEPARATOR + value;
  }
  return key;
}

function collectClaims(node: ClaimNode, value: unknown, found: (chain: Entry) => void): void {
  if (node.entries) {
    const elements = Array.isArray(value) ? new Set(value) : [value];
    for (const element of elements) {
      const chain = typeof element === 'string' ? node.entries.get(element) : undefined;
      if (chain) found(chain);
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

/** By the predicates of a rule, which outlive the snapshot: most rules are the same in the next. */
const filed = new WeakMap<readonly Predicate[], Filing[]>();

function filingsOf(rule: CompiledRule): Filing[] {
  let filings = filed.get(rule.predicates);
  if (!filings) {
    filings = waysToFile(rule);
    filed.set(rule.predicates, filings);
  }
  return filings;
}

/** Every way to file a rule; none if it demands nothing exactly. */
function waysToFile(rule: CompiledRule): Filing[] {
  const demands = rule.predicates.filter(
    ({ operator, exact, globs }) => operator === 'In' && globs.length === 0 && exact.length > 0,
  );
  const filings = fieldFiling(demands);
  for (const demand of demands) {
    const { source, exact } = demand;
    if (source.kind !== 'claim') continue;
    const table = `claim ${JSON.stringify(source.path)} `;
    filings.push({ table, values: [...new Set(exact)], path: source.path, proven: [demand] });
  }
  return filings;
}

function fieldFiling(demands: readonly Predicate[]): Filing[] {
  const chosen = new Map<string, readonly string[]>();
  const proven: Predicate[] = [];
  let combinations = 1;
  for (const demand of [...demands].sort((a, b) => a.exact.length - b.exact.length)) {
    const { source, exact } = demand;
    if (source.kind !== 'attribute' || chosen.has(source.name)) continue;
    // Without it in any value, a key can be taken apart in one way only: what is found under it is proven.
    if (exact.some((value) => value.includes(SEPARATOR))) continue;
    const values = [...new Set(exact)];
    if (combinations * values.length > MAX_COMBINATIONS) continue;
    combinations *= values.length;
    chosen.set(source.name, values);
    proven.push(demand);
  }
  if (chosen.size === 0) return [];
  const fields = [...chosen.keys()].sort();
  let values = [''];
  fields.forEach((field, i) => {
    values = values.flatMap((head) => chosen.get(field)!.map((value) => (i === 0 ? value : head + SEPARATOR + value)));
  });
  return [{ table: `fields ${fields.join(' ')} `, values, fields, proven }];
}
