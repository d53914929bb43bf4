/** What is served: immutable, and a function of the objects alone. */
import type { Anchor, VerifiedIdentity } from '../identity.ts';
import { traceRules } from './explain.ts';
import { consider, nothingMatched, type Question } from './match.ts';
import type { CompiledPolicy, CompiledRule } from './model.ts';
import type { Resources } from './resources.ts';
import { type Entry, RuleIndex, type RuleList } from './rule-index.ts';
import type { Outside } from './scope.ts';
import type { Decision, DecisionRequest, Explanation, ObjectReport, Snapshot } from './types.ts';

interface AnchorRules {
  readonly index: RuleIndex;
  readonly rules: RuleList;
  /** Of the proofs that its policies accept. */
  readonly audiences: ReadonlySet<string>;
}

/** A chain being walked; `identity` is whose. */
interface Cursor {
  next: Entry | undefined;
  readonly identity: VerifiedIdentity;
}

/**
 * @param policies those that are served, in the one order
 * @param generation of the content
 * @param outside whom it does not serve
 */
export function createSnapshot(
  generation: string,
  policies: readonly CompiledPolicy[],
  resources: Resources,
  reports: readonly ObjectReport[],
  outside?: Outside,
): Snapshot {
  const anchors = new Map<string, Anchor>();
  const byIssuer = new Map<string, Anchor[]>();
  const rulesOf = new Map<string, CompiledRule[]>();
  const audiencesOf = new Map<string, Set<string>>();
  let ruleCount = 0;
  for (const policy of policies) {
    for (const rule of policy.rules) rule.ordinal = ruleCount++;
    for (const anchor of policy.anchors) {
      if (!anchors.has(anchor.id)) {
        anchors.set(anchor.id, anchor);
        byIssuer.set(anchor.issuer, [...(byIssuer.get(anchor.issuer) ?? []), anchor]);
        rulesOf.set(anchor.id, []);
        audiencesOf.set(anchor.id, new Set());
      }
      rulesOf.get(anchor.id)!.push(...policy.rules);
      audiencesOf.get(anchor.id)!.add(policy.audience);
    }
  }
  const served = new Map<string, AnchorRules>();
  for (const [id, rules] of rulesOf)
    served.set(id, { index: new RuleIndex(rules), rules, audiences: audiencesOf.get(id)! });
  const accepted = (anchor: string) => served.get(anchor)?.audiences;

  function questionOf(request: DecisionRequest): Question {
    const ask = resources.resolve(request);
    return request.tenant === undefined ? { ask } : { ask, tenant: request.tenant };
  }

  function decide(identities: readonly VerifiedIdentity[], request: DecisionRequest): Decision {
    const refused = outside?.(identities);
    if (refused) return refused;
    const question = questionOf(request);
    const cursors: Cursor[] = [];
    for (const identity of identities)
      served.get(identity.anchor)?.index.collect(identity, (chain) => cursors.push({ next: chain, identity }));
    for (let cursor = first(cursors); cursor?.next; cursor = first(cursors)) {
      const { rule, rest, next } = cursor.next;
      const decision = consider(rule, cursor.identity, question, rest);
      if (decision) return decision;
      cursor.next = next;
    }
    return nothingMatched(identities, question, accepted);
  }

  function explain(identities: readonly VerifiedIdentity[], request: DecisionRequest): Explanation {
    const refused = outside?.(identities);
    if (refused) return { generation, decision: refused, rules: [] };
    const question = questionOf(request);
    const ids = new Set(identities.map(({ anchor }) => anchor));
    const all = new Set([...ids].flatMap((id) => served.get(id)?.rules ?? []));
    const ordered = [...all].sort((a, b) => a.ordinal - b.ordinal);
    const { decision, rules } = traceRules(ordered, identities, question);
    return { generation, decision: decision ?? nothingMatched(identities, question, accepted), rules };
  }

  const active = new Set(policies.filter(({ state }) => state === 'Active').map(({ ref }) => ref.uid));

  return Object.freeze({
    generation,
    anchors,
    reports,
    resources: resources.served,
    ruleCount,
    anchorsOf: (issuer: string) => byIssuer.get(issuer) ?? [],
    hasScope: resources.hasScope,
    isActive: (uid: string) => active.has(uid),
    findResource: resources.find,
    resourceOfAudience: resources.ofAudience,
    decide,
    explain,
  });
}

/** The cursor whose rule comes first in the one order; of equals, the earlier identity's. */
function first(cursors: readonly Cursor[]): Cursor | undefined {
  let best: Cursor | undefined;
  for (const cursor of cursors)
    if (cursor.next && (!best?.next || cursor.next.ordinal < best.next.ordinal)) best = cursor;
  return best;
}
