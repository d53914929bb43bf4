import { hash } from 'node:crypto';
import type { VerifiedIdentity } from '../identity.ts';
import { CLAIMS_LIMITS, cleanValue, isClean, RECORD_LIMITS } from './clean.ts';
import { type AuditEvent, type AuditIdentity, RECORD_VERSION } from './record.ts';

/** What stands in a record in place of a proof or a token. */
export function fingerprint(secret: string): string {
  return hash('sha256', secret, 'base64url');
}

/** Characters of a line in which no string, however it is spread, is worth cutting. */
const SHORT_LINE = 2048;

/**
 * The line of an event: one JSON object, one newline at its end and none inside.
 *
 * @param time milliseconds since the epoch
 */
export function encodeRecord(event: AuditEvent, time: number): string {
  const claims = event.kind === 'exchange' && event.identity && cleanValue(event.identity.claims, CLAIMS_LIMITS);
  const line = stamped(withClaims(event, claims), time);
  // Nearly every line is short and holds nothing to replace; to look at the whole is cheaper than at each of its parts.
  if (line.length <= SHORT_LINE && isClean(line)) return `${line}\n`;
  const clean = cleanValue(withClaims(event, null), RECORD_LIMITS) as AuditEvent;
  return `${stamped(withClaims(clean, claims), time)}\n`;
}

function stamped(event: object, time: number): string {
  return `{"time":"${new Date(time).toISOString()}","v":${RECORD_VERSION},${JSON.stringify(event).slice(1)}`;
}

function withClaims(event: AuditEvent, claims: unknown): object {
  if (event.kind !== 'exchange' || !event.identity) return event;
  return { ...event, identity: { ...event.identity, claims } };
}

/** The line of a record that came too late: its caller was told that it failed. */
export function markLate(line: string): string {
  return `{"late":true,${line.slice(1)}`;
}

/** RFC 6901, own members only. */
function pointed(claims: unknown, pointer: string): unknown {
  let value = claims;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function readValue(identity: VerifiedIdentity, name: string): unknown {
  const attribute = identity.attributes.get(name);
  if (attribute !== undefined) return attribute;
  if (Object.hasOwn(identity.claims, name)) return identity.claims[name];
  return name.startsWith('/') ? pointed(identity.claims, name) : undefined;
}

/**
 * The part of an identity that is recorded: who it is, and of its claims only those that the policy read.
 *
 * @param used names of attributes, of claims, or JSON Pointers to claims
 */
export function auditIdentity(identity: VerifiedIdentity, used: readonly string[]): AuditIdentity {
  const claims: Record<string, unknown> = Object.create(null);
  for (const name of used) {
    const value = readValue(identity, name);
    if (value !== undefined) claims[name] = value;
  }
  return {
    anchor: identity.anchor,
    provider: identity.provider,
    issuer: identity.issuer,
    subject: identity.subject,
    ...(identity.holder.instance !== undefined && { instance: identity.holder.instance }),
    claims,
  };
}
