/** `POST /explain`: why an identity gets what it gets. Nothing is issued. */
import type { IncomingMessage } from 'node:http';
import type { ExplainOutcome, ExplainRequest } from '../../exchange/types.ts';
import { readObject } from '../body.ts';
import { invalidRequest } from '../errors.ts';
import { object, onlyKnown, scopes, text } from '../members.ts';

const MEMBERS = new Set(['credentials', 'issuer', 'claims', 'resource', 'audience', 'scopes', 'scope', 'tenant']);
const URI_LENGTH = 2048;
const NAME_LENGTH = 253;

/**
 * Reads `{credentials}` or `{issuer, claims}`, each with `resource`, `audience`, `scopes` and `tenant` as an exchange
 * would say them.
 * @throws ServerError `invalid_request`, `request_too_large`
 */
export async function readExplain(req: IncomingMessage, maxBytes: number): Promise<ExplainRequest> {
  const body = await readObject(req, maxBytes);
  if (!body) throw invalidRequest('send a JSON body with credentials, or with issuer and claims');
  onlyKnown(body, MEMBERS);
  const asked = {
    resource: text(body, 'resource', URI_LENGTH),
    audience: text(body, 'audience', URI_LENGTH),
    scopes: scopes(body),
    tenant: text(body, 'tenant', NAME_LENGTH),
  };
  const given = body.credentials;
  const trimmed = typeof given === 'string' ? { credentials: given.trimEnd() } : body;
  const credentials = text(trimmed, 'credentials', maxBytes);
  const issuer = text(body, 'issuer', URI_LENGTH);
  const claims = object(body, 'claims');
  if (credentials !== undefined && issuer === undefined && claims === undefined) return { ...asked, credentials };
  if (credentials === undefined && issuer !== undefined && claims !== undefined) return { ...asked, issuer, claims };
  throw invalidRequest('send either credentials, or issuer and claims');
}

/** The explanation; `granted` says what an exchange would have said. */
export function renderExplain(outcome: ExplainOutcome, correlationId: string) {
  if ('decision' in outcome) {
    const { verified, refused, generation, decision, rules } = outcome;
    const granted = decision.allowed && !refused;
    return { granted, verified, refused, generation, decision, rules, correlation_id: correlationId };
  }
  return {
    granted: false,
    error: outcome.code,
    error_description: outcome.message,
    detail: outcome.detail,
    correlation_id: correlationId,
  };
}

/** Maps as plain objects, for JSON knows none; built from entries, so that no name can reach a prototype. */
export function mapsAsObjects(_name: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
