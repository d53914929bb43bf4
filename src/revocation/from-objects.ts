/** What the objects of a cluster or a directory say is dead. In doubt more dies, and a problem says so. */
import { REVOCATION_TARGETS, type TokenRevocation } from '../api/v1alpha1/index.ts';
import { LATEST, parseTimestamp } from './timestamp.ts';
import type { Conversion, RevocationEntry, RevocationProblem } from './types.ts';

/** Seconds that a TokenRevocation stays in force at least: no token lives longer. */
const MIN_LIFE = 86_400;
/** Seconds that it stays in force beyond its end: as far apart as two clocks may be. */
const CLOCKS_APART = 3_600;

/** A policy, or an agent's registration, as far as it revokes. */
export interface RevokingObject {
  readonly uid: string;
  readonly revoked: boolean;
  /** RFC 3339; tokens issued up to this die. */
  readonly revokeIssuedBefore?: string | null;
  /** null: tokens of any tenant. The uid already names one object. */
  readonly tenant: string | null;
  /** For people: `TrustPolicy/ns/name`. */
  readonly source: string;
}

type Report = (problem: Omit<RevocationProblem, 'source'>) => void;

function timeOf(text: string | null | undefined, path: string, meaning: string, report: Report): number | null {
  if (text === undefined || text === null) return null;
  const seconds = parseTimestamp(text);
  if (seconds === undefined) {
    const message = `not an RFC 3339 time: ${meaning}`;
    report({ code: 'InvalidTime', severity: 'warning', path, message });
  }
  // An offset may lead out of the years that can be written again.
  return seconds === undefined ? null : Math.min(Math.max(seconds, 0), LATEST);
}

function expiryOf(object: TokenRevocation, report: Report): number | null {
  const expiresAt = timeOf(object.spec.expiresAt, 'spec.expiresAt', 'the revocation never ends', report);
  if (expiresAt === null) return null;
  const created = parseTimestamp(object.metadata.creationTimestamp ?? '');
  if (created === undefined) {
    const message = 'no time of creation, so 24 h after it cannot be told: the revocation never ends';
    report({ code: 'NoCreationTime', severity: 'warning', path: 'metadata.creationTimestamp', message });
    return null;
  }
  if (expiresAt < created + MIN_LIFE) {
    const message = 'less than 24 h after creation, and a token may live that long: it stays in force for 25 h';
    report({ code: 'ExpiresTooEarly', severity: 'warning', path: 'spec.expiresAt', message });
  }
  return Math.min(Math.max(expiresAt, created + MIN_LIFE) + CLOCKS_APART, LATEST);
}

/**
 * The last second at which a TokenRevocation is in force, if it is at all; null: it never ends.
 */
export function endOf(object: TokenRevocation): number | null {
  const known = ends.get(object);
  if (known !== undefined) return known;
  const end = expiryOf(object, () => {});
  ends.set(object, end);
  return end;
}

const ends = new WeakMap<TokenRevocation, number | null>();

/** By object, for objects never change: of ten thousand only those that are new are read. */
const converted = new WeakMap<
  TokenRevocation,
  { readonly tenant: string | null | undefined; readonly of: Conversion }
>();

/**
 * The entry of one TokenRevocation, and what is wrong with it; the same for the same object and tenant.
 *
 * @param tenant of its namespace; null: any (the operator's own); undefined: the namespace has none
 */
export function fromTokenRevocation(object: TokenRevocation, tenant: string | null | undefined): Conversion {
  const known = converted.get(object);
  if (known && known.tenant === tenant) return known.of;
  const of = convert(object, tenant);
  converted.set(object, { tenant, of });
  return of;
}

function convert(object: TokenRevocation, tenant: string | null | undefined): Conversion {
  const { namespace, name } = object.metadata;
  const source = `TokenRevocation/${namespace ?? '-'}/${name}`;
  const problems: RevocationProblem[] = [];
  const report: Report = (problem) => problems.push({ source, ...problem });
  const targets = REVOCATION_TARGETS.flatMap((by) => {
    const value = object.spec[by];
    return value === undefined ? [] : [{ by, value }];
  });
  const [target] = targets;
  const asked = object.spec.tenant;
  const entries: RevocationEntry[] = [];
  if (!target || targets.length > 1) {
    const message = `give exactly one of ${REVOCATION_TARGETS.join(', ')}`;
    report({ code: 'NotOneTarget', severity: 'error', path: 'spec', message });
  } else if (tenant === undefined) {
    const message = 'its namespace belongs to no tenant, so it kills no token';
    report({ code: 'NoTenant', severity: 'error', path: 'metadata.namespace', message });
  } else if (asked !== undefined && tenant !== null && asked !== tenant) {
    const message = "not its namespace's tenant, so it kills no token: leave it out";
    report({ code: 'ForeignTenant', severity: 'error', path: 'spec.tenant', message });
  } else {
    const issuedBefore = timeOf(object.spec.issuedBefore, 'spec.issuedBefore', 'all tokens die', report);
    entries.push({ ...target, tenant: asked ?? tenant, issuedBefore, expiresAt: expiryOf(object, report), source });
  }
  return { entries, problems };
}

/**
 * The entries of TokenRevocations. One that is being deleted stays in force until it is gone.
 *
 * @param tenantOf the tenant of a namespace; null: any (the operator's own); undefined: the namespace has none
 */
export function fromTokenRevocations(
  objects: readonly TokenRevocation[],
  tenantOf: (namespace: string | undefined) => string | null | undefined,
): Conversion {
  const all = objects.map((object) => fromTokenRevocation(object, tenantOf(object.metadata.namespace)));
  return {
    entries: all.flatMap(({ entries }) => entries),
    problems: all.flatMap(({ problems }) => problems),
  };
}

/** The entries of policies (or, `by: 'agent'`, registrations) that are Revoked or say `revokeIssuedBefore`. */
export function fromRevokingObjects(objects: readonly RevokingObject[], by: 'policy' | 'agent' = 'policy'): Conversion {
  const entries: RevocationEntry[] = [];
  const problems: RevocationProblem[] = [];
  for (const { uid, revoked, revokeIssuedBefore, tenant, source } of objects) {
    const report: Report = (problem) => problems.push({ source, ...problem });
    const said = revokeIssuedBefore !== undefined && revokeIssuedBefore !== null;
    if (!revoked && !said) continue;
    const before = timeOf(revokeIssuedBefore, 'spec.revokeIssuedBefore', 'all tokens die', report);
    entries.push({ by, value: uid, tenant, issuedBefore: revoked ? null : before, expiresAt: null, source });
  }
  return { entries, problems };
}
