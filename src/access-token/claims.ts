/** The claims that both kinds of our JWTs have, read and checked by one table. */
import type { JsonObject } from '../jws/index.ts';
import { type Actor, readAct } from './actor.ts';
import { isSubject, isText, isTime, readScope } from './fields.ts';
import { MAX_DELEGATIONS } from './limits.ts';

/** What a revocation may name of a token (architecture: Revocation). */
export interface Provenance {
  readonly jti: string;
  /** The grant's id. */
  readonly grant: string;
  /** The uid of the policy. */
  readonly policy: string;
  /** The uid of the agent's registration; absent where none was read. */
  readonly agent?: string;
  /** NumericDate, seconds. */
  readonly iat: number;
}

/** What access tokens and delegation tokens say alike. */
export interface CommonClaims extends Provenance {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  /** NumericDate, seconds. */
  readonly exp: number;
  readonly tenant: string;
  readonly scopes?: readonly string[];
  readonly act?: Actor;
  /** The tokens that this one was delegated by, the first one first: what revokes one revokes this. */
  readonly parents?: readonly Provenance[];
}

/** Reads one claim; undefined if it is not what it should be. */
type Reader = (value: unknown) => unknown;

export interface ClaimTable {
  readonly required: Readonly<Record<string, Reader>>;
  readonly optional: Readonly<Record<string, Reader>>;
}

const when =
  <T>(is: (value: unknown) => value is T): Reader =>
  (value) =>
    is(value) ? value : undefined;

const id = when((value): value is string => isText(value, 128));

const PROVENANCE = { jti: id, grant: id, policy: id, iat: when(isTime) } as const;

export const COMMON: ClaimTable = {
  required: {
    iss: when((value): value is string => isText(value, 2048)),
    aud: when((value): value is string => isText(value, 2048)),
    sub: when(isSubject),
    exp: when(isTime),
    tenant: id,
    ...PROVENANCE,
  },
  optional: { scope: readScope, act: readAct, agent: id, parents: readParents },
};

/**
 * Reads a payload by a table: every required claim, no claim that the table does not have.
 *
 * @returns what the readers made of them under the claims' own names; undefined if anything is wrong
 */
export function readClaims(payload: JsonObject, table: ClaimTable): Readonly<Record<string, unknown>> | undefined {
  const { required, optional } = table;
  const read: Record<string, unknown> = {};
  for (const name of Object.keys(payload)) {
    const reader = Object.hasOwn(required, name)
      ? required[name]
      : Object.hasOwn(optional, name)
        ? optional[name]
        : undefined;
    const value = reader?.(payload[name]);
    if (value === undefined) return undefined;
    read[name] = value;
  }
  return Object.keys(required).every((name) => Object.hasOwn(read, name)) ? read : undefined;
}

const PARENT: ClaimTable = { required: PROVENANCE, optional: { agent: id } };

function readParents(value: unknown): readonly Provenance[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_DELEGATIONS) return undefined;
  const parents = value.map((one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one) ? readClaims(one as JsonObject, PARENT) : undefined,
  );
  return parents.every((one) => one !== undefined) ? (parents as unknown as Provenance[]) : undefined;
}

/** The members of a provenance in their fixed order, and no other. */
export function writeProvenance({ jti, grant, policy, agent, iat }: Provenance): Record<string, unknown> {
  return { jti, grant, policy, ...(agent !== undefined && { agent }), iat };
}
