/** What tokens can be for: the ProtectedResources, each name, scope, audience and URI with one owner. */
import type { ProtectedResource } from '../api/v1alpha1/index.ts';
import { parseDuration } from './duration.ts';
import { compileGlob, type Glob } from './glob.ts';
import { Problems } from './problems.ts';
import type { CompileOptions, DecisionRequest, ServedResource } from './types.ts';

export const DEFAULT_RESOURCE = 'default';

/** What a request is for. */
export interface Ask {
  readonly resource?: ServedResource;
  /** Where there is no such resource, the name that was asked for. */
  readonly name?: string;
  readonly fault?: 'unknown_resource' | 'resource_mismatch';
}

/** A live ProtectedResource, whether it is served or not. */
export interface KnownResource {
  readonly object: ProtectedResource;
  readonly problems: Problems;
  readonly grantableFrom: readonly Glob[];
}

export interface Resources {
  readonly known: ReadonlyMap<string, KnownResource>;
  /** By name, the built-in `default` among them. */
  readonly served: ReadonlyMap<string, ServedResource>;
  resolve(request: DecisionRequest): Ask;
  hasScope(scope: string): boolean;
  /** By name, URI or audience. */
  find(name: string): ServedResource | undefined;
  /** By audience alone, which may be another one's name. */
  ofAudience(audience: string): ServedResource | undefined;
}

/** @param objects the live ones, no two of one name */
export function compileResources(objects: readonly ProtectedResource[], options: CompileOptions): Resources {
  const known = new Map<string, KnownResource>();
  for (const object of objects) {
    const grantableFrom = (object.spec.grantableFrom?.namespaces ?? []).map(compileGlob);
    known.set(object.metadata.name, { object, problems: new Problems(), grantableFrom });
  }
  const formed = new Map(known);
  for (const [name, { object, problems }] of known) {
    try {
      if (typeof object.spec.audience !== 'string') throw new TypeError('no audience');
      checkResource(object, options, problems);
    } catch {
      // An object that no schema ever saw: it must not take the others down.
      problems.error('Malformed', 'spec', 'the object does not have the shape of its kind');
      formed.delete(name);
    }
  }
  checkOwnership(formed, options);

  const served = new Map<string, ServedResource>();
  if (!known.has(DEFAULT_RESOURCE)) served.set(DEFAULT_RESOURCE, builtIn(options));
  for (const [name, { object, problems }] of known) if (problems.errors === 0) served.set(name, serve(object));
  return { known, served, ...lookups(served) };
}

function builtIn(options: CompileOptions): ServedResource {
  return Object.freeze({
    name: DEFAULT_RESOURCE,
    audience: options.defaultAudience,
    tokenType: 'Macaroon',
    scopeFormat: 'String',
    signingAlgorithm: 'ES256',
    resourceUris: [],
    scopes: [],
    verifiers: [],
  });
}

function serve({ metadata, spec }: ProtectedResource): ServedResource {
  const maxTtl = spec.limits?.maxTtl === undefined ? undefined : parseDuration(spec.limits.maxTtl);
  const maxBudgetCredits = spec.limits?.maxBudgetCredits;
  return Object.freeze({
    name: metadata.name,
    audience: spec.audience,
    // Manifests and the API server fill the defaults in; an object that no schema ever saw has none.
    tokenType: spec.tokenType ?? 'Macaroon',
    scopeFormat: spec.scopeFormat ?? 'String',
    signingAlgorithm: spec.signingAlgorithm ?? 'ES256',
    resourceUris: [...(spec.resourceUris ?? [])],
    scopes: [...new Set(spec.scopes ?? [])],
    ...(maxTtl !== undefined && { maxTtl }),
    ...(maxBudgetCredits !== undefined && { maxBudgetCredits }),
    verifiers: [...(spec.verifiers ?? [])],
  });
}

function checkResource({ metadata, spec }: ProtectedResource, options: CompileOptions, problems: Problems): void {
  // A name without `:` can never be taken for a URI.
  if (/[:/]/.test(metadata.name)) problems.error('InvalidName', 'metadata.name', 'must not hold : or /');
  if (!/^[!-~]([ -~]*[!-~])?$/.test(spec.audience))
    problems.error('InvalidAudience', 'spec.audience', 'must be printable ASCII, for it stands in a caveat');
  if (spec.audience === options.ownIssuer)
    problems.error('InvalidAudience', 'spec.audience', 'our own issuer is no resource');
  spec.resourceUris?.forEach((uri, i) => {
    const fault = /^[\x21-\x7e]+$/.test(uri) && URL.canParse(uri) && !uri.includes('#') ? undefined : true;
    if (fault)
      problems.error('InvalidUri', `spec.resourceUris[${i}]`, 'must be an absolute URI without fragment (RFC 8707 §2)');
    if (uri === options.ownIssuer)
      problems.error('InvalidUri', `spec.resourceUris[${i}]`, 'our own issuer is no resource');
  });
  const { maxTtl, maxBudgetCredits } = spec.limits ?? {};
  const seconds = maxTtl === undefined ? 60 : parseDuration(maxTtl);
  if (seconds === undefined || seconds < 60 || seconds > 86_400)
    problems.error('InvalidDuration', 'spec.limits.maxTtl', 'must be a duration from 1m to 24h');
  if (spec.tokenType === 'JWT' && maxBudgetCredits !== undefined)
    problems.error('NotEnforceable', 'spec.limits.maxBudgetCredits', 'a JWT resource cannot limit budgets');
}

/** Whoever shares a scope, an audience or a URI with another loses it, and so does the other. */
function checkOwnership(known: ReadonlyMap<string, KnownResource>, options: CompileOptions): void {
  const owners = new Map<string, Set<string>>();
  const claims: { readonly what: string; readonly path: string; readonly owner: string }[] = [];
  const claim = (what: string, path: string, owner: string) => {
    const all = owners.get(what) ?? new Set();
    owners.set(what, all.add(owner));
    claims.push({ what, path, owner });
  };
  if (!known.has(DEFAULT_RESOURCE)) claim(`id ${options.defaultAudience}`, '', DEFAULT_RESOURCE);
  for (const [name, { object }] of known) {
    const { audience, resourceUris, scopes } = object.spec;
    // A verifier may name its resource by either, so they are one set of names.
    claim(`id ${audience}`, 'spec.audience', name);
    resourceUris?.forEach((uri, i) => {
      claim(`id ${uri}`, `spec.resourceUris[${i}]`, name);
    });
    scopes?.forEach((scope, i) => {
      claim(`scope ${scope}`, `spec.scopes[${i}]`, name);
    });
  }
  const sorted = new Map([...owners].filter(([, all]) => all.size > 1).map(([what, all]) => [what, [...all].sort()]));
  for (const { what, path, owner } of claims) {
    const all = sorted.get(what);
    if (all) known.get(owner)?.problems.error('Conflict', path, `is also claimed by ${others(all, owner)}`);
  }
}

const MAX_SHOWN = 3;

/** Names of those that are not `owner`; a few, for each of thousands may say this. */
function others(all: readonly string[], owner: string): string {
  const shown = all.slice(0, MAX_SHOWN + 1).filter((one) => one !== owner);
  const more = all.length - 1 - Math.min(shown.length, MAX_SHOWN);
  return shown.slice(0, MAX_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function lookups(served: ReadonlyMap<string, ServedResource>): Omit<Resources, 'known' | 'served'> {
  const byUri = new Map<string, ServedResource>();
  const byAudience = new Map<string, ServedResource>();
  const byScope = new Map<string, ServedResource>();
  for (const resource of served.values()) {
    byAudience.set(resource.audience, resource);
    for (const uri of resource.resourceUris) byUri.set(uri, resource);
    for (const scope of resource.scopes) byScope.set(scope, resource);
  }
  const fallback = served.get(DEFAULT_RESOURCE);
  const unasked: Ask = fallback ? { resource: fallback } : { name: DEFAULT_RESOURCE, fault: 'unknown_resource' };
  const mismatch: Ask = { fault: 'resource_mismatch' };

  function resolve({ resource: named, audience, scopes }: DecisionRequest): Ask {
    const owners = new Set<ServedResource>();
    for (const scope of scopes ?? []) {
      const owner = byScope.get(scope);
      if (owner) owners.add(owner);
    }
    if (named !== undefined) {
      const found = served.get(named) ?? byUri.get(named);
      if (!found) return { name: named, fault: 'unknown_resource' };
      owners.add(found);
    }
    if (audience !== undefined) {
      const found = byAudience.get(audience);
      if (!found) return { fault: 'unknown_resource' };
      owners.add(found);
    }
    if (owners.size > 1) return mismatch;
    const [resource] = owners;
    return resource ? { resource } : unasked;
  }

  return {
    resolve,
    hasScope: (scope) => byScope.has(scope),
    ofAudience: (audience) => byAudience.get(audience),
    find: (name) => served.get(name) ?? byUri.get(name) ?? byAudience.get(name),
  };
}
