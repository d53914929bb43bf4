/** Whom a delegation token lets act (RFC 8693 §4.4): one subject, or the agents of one type. */
import { type JsonObject, JwsError, parseJsonObject } from '../jws/index.ts';
import { AccessTokenError } from './errors.ts';
import { isSubject, isText } from './fields.ts';

export type MayAct = { readonly sub: string } | { readonly agent_type: string };

/** Who asks with a delegation token, as their own proof shows. */
export interface Claimant {
  readonly sub: string;
  /** Of the actor's registration; absent where it has none. */
  readonly agentType?: string;
}

const MAX_BYTES = 4096;

/** A `may_act` claim: exactly one member of the two, and no other. Undefined for anything else. */
export function readMayAct(value: unknown): MayAct | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length !== 1) {
    return undefined;
  }
  const { sub, agent_type: type } = value as { sub?: unknown; agent_type?: unknown };
  if (Object.hasOwn(value, 'sub') && isSubject(sub)) return { sub };
  if (Object.hasOwn(value, 'agent_type') && isText(type, 128)) return { agent_type: type };
  return undefined;
}

/**
 * The `may_act` of a request: JSON, as a form parameter.
 *
 * @throws AccessTokenError `may_act`
 */
export function parseMayAct(text: string): MayAct {
  const fault = new AccessTokenError('may_act', 'may_act must be a JSON object with sub alone, or agent_type alone');
  if (text.length > MAX_BYTES) throw fault;
  let value: JsonObject;
  try {
    value = parseJsonObject(text);
  } catch (error) {
    if (error instanceof JwsError) throw fault;
    throw error;
  }
  const mayAct = readMayAct(value);
  if (!mayAct) throw fault;
  return mayAct;
}

/** Whether `actor` is whom `mayAct` names. Exact: there is no pattern and no wildcard. */
export function satisfies(mayAct: MayAct, actor: Claimant): boolean {
  if ('sub' in mayAct) return mayAct.sub === actor.sub;
  return actor.agentType !== undefined && mayAct.agent_type === actor.agentType;
}
