/** Objects → snapshot. */
import { createHash } from 'node:crypto';
import type { ClusterTrustPolicy, ProtectedResource, TrustPolicy } from '../api/v1alpha1/index.ts';
import { canonicalJson } from './canonical.ts';
import { compilePolicy, type PolicyContext } from './compile-policy.ts';
import type { CompiledIssue, CompiledPolicy, CompiledRule } from './model.ts';
import { comparePolicies } from './order.ts';
import { Problems } from './problems.ts';
import { reportPolicy, reportResource } from './report.ts';
import { compileResources, type Resources } from './resources.ts';
import { outside } from './scope.ts';
import { createSnapshot } from './snapshot.ts';
import { compareText } from './text.ts';
import type { CompileOptions, ObjectReport, PolicyObjects, Problem, Snapshot } from './types.ts';

type PolicyObject = TrustPolicy | ClusterTrustPolicy;
type AnyObject = PolicyObject | ProtectedResource;

interface Keyed<T> {
  readonly key: string;
  readonly object: T;
}

/** How many anchors one issuer may have: a proof is verified against each of them. */
const MAX_ANCHORS_PER_ISSUER = 8;

/** One policy on its way: `policy` is there while nothing is wrong. */
export interface Compilation {
  readonly object: PolicyObject;
  readonly problems: Problems;
  readonly refs: Problems;
  policy?: CompiledPolicy;
}

export interface Compiled {
  readonly snapshot: Snapshot;
  /** By kind, namespace and name, as the snapshot's reports are. */
  readonly policies: readonly Compilation[];
  /** Those that are served, in the one order. */
  readonly served: readonly CompiledPolicy[];
  readonly resources: Resources;
}

/**
 * Compiles the objects. What is wrong with one is in its report, and changes nothing for the others; objects that are
 * being deleted are not served. The result depends on the objects and options alone, not on their order.
 */
export function compile(objects: PolicyObjects, options: CompileOptions): Snapshot {
  return compileAll(objects, options).snapshot;
}

export function compileAll(objects: PolicyObjects, options: CompileOptions): Compiled {
  const all = [...objects.trustPolicies, ...objects.clusterTrustPolicies, ...objects.protectedResources]
    .map((object) => ({ key: keyOf(object), object: object.spec ? object : { ...object, spec: {} as never } }))
    .sort((a, b) => compareText(a.key, b.key) || compareText(a.object.metadata.uid ?? '', b.object.metadata.uid ?? ''));
  const twice = new Set(all.filter(({ key }, i) => key === all[i - 1]?.key).map(({ key }) => key));

  const resourceObjects = all.flatMap((one) =>
    one.object.kind === 'ProtectedResource' ? [{ ...one, object: one.object }] : [],
  );
  const live = resourceObjects.filter(({ key, object }) => !isDeleting(object) && !twice.has(key));
  const resources = resourcesOnce(live, options);
  const resourceReports = resourceObjects.map(({ key, object }) => {
    if (!twice.has(key)) return reportResource(object, resources.known.get(object.metadata.name)?.problems.list ?? []);
    return reportResource(object, duplicate().list);
  });

  const issues = new Map<string, CompiledIssue>();
  const policies: Compilation[] = [];
  for (const { key, object } of all) {
    if (object.kind === 'ProtectedResource') continue;
    const refs = new Problems();
    const compilation: Compilation = { object, problems: twice.has(key) ? duplicate() : new Problems(), refs };
    policies.push(compilation);
    if (twice.has(key)) continue;
    const compiled = compileOnce(object, { options, resources, issues });
    compilation.problems.add(compiled.problems);
    refs.add(compiled.refs);
    if (compiled.policy && !isDeleting(object)) compilation.policy = unplaced(compiled.policy);
  }
  const served = serve(policies);
  const reports: ObjectReport[] = [
    ...policies.map(({ object, problems, refs }) => reportPolicy(object, { problems: problems.list, refs: refs.list })),
    ...resourceReports,
  ].sort((a, b) => compareText(a.kind, b.kind) || compareText(a.namespace ?? '', b.namespace ?? ''));
  const snapshot = createSnapshot(generationOf(contentOf(all), options), served, resources, reports, outside(options));
  return { snapshot, policies, served, resources };
}

/** What came of one policy object, as long as the resources and options are the same. */
interface Once {
  readonly resources: Resources;
  readonly policy: CompiledPolicy | undefined;
  readonly problems: readonly Problem[];
  readonly refs: readonly Problem[];
}

/** Of a thousand objects one has changed since the last time; nobody writes into an object that was read. */
const compiledBefore = new WeakMap<object, Once>();
let resourcesBefore: { readonly circumstances: string; readonly resources: Resources } | undefined;

/** The very same where neither they nor the options have changed: then what was compiled with them still holds. */
function resourcesOnce(live: readonly Keyed<ProtectedResource>[], options: CompileOptions): Resources {
  const circumstances = generationOf(contentOf(live), options);
  if (resourcesBefore?.circumstances === circumstances) return resourcesBefore.resources;
  const resources = compileResources(
    live.map(({ object }) => object),
    options,
  );
  resourcesBefore = { circumstances, resources };
  return resources;
}

function compileOnce(object: PolicyObject, context: Pick<PolicyContext, 'options' | 'resources' | 'issues'>): Once {
  const { resources } = context;
  const known = compiledBefore.get(object);
  if (known?.resources === resources) return known;
  const problems = new Problems();
  const refs = new Problems();
  let policy: CompiledPolicy | undefined;
  try {
    policy = compilePolicy(object, { ...context, problems, refs });
  } catch {
    // An object that no schema ever saw: it must not take the others down.
    problems.error('Malformed', 'spec', 'the object does not have the shape of its kind');
  }
  const once: Once = { resources, policy, problems: problems.list, refs: refs.list };
  compiledBefore.set(object, once);
  return once;
}

/** Where its rules stand in the one order each snapshot says for itself. */
function unplaced(policy: CompiledPolicy): CompiledPolicy {
  const rules: CompiledRule[] = [];
  const copy: CompiledPolicy = { ...policy, rules };
  for (const rule of policy.rules) rules.push({ ...rule, policy: copy });
  return copy;
}

/** In the one order, without those that would give an issuer too many anchors. */
function serve(policies: readonly Compilation[]): CompiledPolicy[] {
  const byIssuer = new Map<string, Set<string>>();
  const accepted = policies.flatMap((one) => (one.policy ? [{ ...one, policy: one.policy }] : []));
  const served: CompiledPolicy[] = [];
  for (const { policy, problems } of accepted.sort((a, b) => comparePolicies(a.policy, b.policy))) {
    const crowded = policy.anchors.some(({ id, issuer }) => {
      const ids = byIssuer.get(issuer);
      return ids !== undefined && !ids.has(id) && ids.size >= MAX_ANCHORS_PER_ISSUER;
    });
    if (crowded) {
      problems.error(
        'TooManyAnchors',
        'spec.keys',
        `${MAX_ANCHORS_PER_ISSUER} earlier policies each trust this issuer by other keys, algorithms or checks`,
      );
      continue;
    }
    for (const { id, issuer } of policy.anchors) byIssuer.set(issuer, (byIssuer.get(issuer) ?? new Set()).add(id));
    served.push(policy);
  }
  return served;
}

function keyOf({ kind, metadata }: AnyObject): string {
  const namespace = kind === 'TrustPolicy' ? (metadata.namespace ?? 'default') : '';
  return `${kind}/${namespace}/${metadata.name}`;
}

function isDeleting({ metadata }: AnyObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function duplicate(): Problems {
  const problems = new Problems();
  problems.error('DuplicateObject', 'metadata.name', 'there are two objects of this kind and name');
  return problems;
}

function contentOf(objects: readonly Keyed<AnyObject>[]): unknown {
  return objects.map(({ key, object }) => [key, object.metadata.uid, isDeleting(object), digestOf(object.spec)]);
}

const digests = new WeakMap<object, string>();

function digestOf(spec: unknown): string {
  // An object that no schema ever saw.
  if (typeof spec !== 'object' || spec === null) return canonicalJson(spec);
  const known = digests.get(spec);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(canonicalJson(spec)).digest('base64url');
  digests.set(spec, digest);
  return digest;
}

/** Derived from all that the snapshot is a function of. */
function generationOf(content: unknown, options: CompileOptions): string {
  const { tenancy } = options;
  const settings = {
    ...options,
    tenancy: tenancy.mode === 'NamespaceLabel' ? { ...tenancy, tenantOf: [...tenancy.tenantOf].sort() } : tenancy,
  };
  return createHash('sha256')
    .update(canonicalJson([content, settings]))
    .digest('base64url')
    .slice(0, 22);
}
