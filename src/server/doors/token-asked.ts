/** What a token request asks for: OAuth's parameters, and those that the native door has too. */
import type { Door, ExchangeRequest } from '../../exchange/types.ts';
import { type JsonObject, JwsError, parseJsonObject } from '../../jws/index.ts';
import { invalidRequest, ServerError } from '../errors.ts';
import type { Form } from '../form.ts';
import { duration, scopes, text, texts, whole } from '../members.ts';
import { TYPE_URIS, tokenTypeOf } from './token-types.ts';

type Asked = Pick<
  ExchangeRequest,
  'resource' | 'audience' | 'scopes' | 'tenant' | 'ttl' | 'budgetCredits' | 'caveats' | 'requestedTokenType' | 'mayAct'
>;

const URI_LENGTH = 2048;
const NAME_LENGTH = 253;
const CAVEATS = 64;
const CAVEAT_LENGTH = 512;

/** @throws ServerError `invalid_request`, `invalid_scope`, `invalid_target` */
export function readAsked(form: Form, door: Exclude<Door, 'native'>): Asked {
  const mayAct = form.get('may_act');
  if (mayAct !== undefined && door === 'jwt_bearer') throw invalidRequest('may_act is of another grant_type');
  const values: JsonObject = {
    tenant: form.get('tenant'),
    ttl: numeric(form.get('ttl')),
    budget_credits: numeric(form.get('budget_credits')),
    caveats: caveatsOf(form.get('caveats')),
  };
  return {
    resource: resourceOf(form),
    audience: one(form, 'audience'),
    scopes: scopesOf(form.get('scope')),
    tenant: text(values, 'tenant', NAME_LENGTH),
    ttl: duration(values, 'ttl'),
    budgetCredits: whole(values, 'budget_credits', 0),
    caveats: texts(values, 'caveats', CAVEATS, CAVEAT_LENGTH),
    requestedTokenType: requestedType(form.get('requested_token_type'), mayAct !== undefined),
    ...(mayAct !== undefined && { mayAct }),
  };
}

/** An absolute URI without a fragment (RFC 8707 §2). */
function resourceOf(form: Form): string | undefined {
  const resource = one(form, 'resource');
  if (resource === undefined || (URL.canParse(resource) && !resource.includes('#'))) return resource;
  throw new ServerError('invalid_target', 'resource is an absolute URI without a fragment');
}

/** A token is for one resource. */
function one(form: Form, name: 'resource' | 'audience'): string | undefined {
  const [first, ...more] = form.all(name);
  if (more.length > 0) throw new ServerError('invalid_target', `a token is for one resource: send one ${name}`);
  if (first === undefined) return undefined;
  try {
    return text({ [name]: first }, name, URI_LENGTH);
  } catch (error) {
    if (error instanceof ServerError) throw new ServerError('invalid_target', error.message);
    throw error;
  }
}

function scopesOf(scope: string | undefined): readonly string[] | undefined {
  try {
    return scopes({ scope });
  } catch (error) {
    if (error instanceof ServerError) throw new ServerError('invalid_scope', error.message);
    throw error;
  }
}

/** @param isHandedOn whether a delegation token is asked for */
function requestedType(asked: string | undefined, isHandedOn: boolean) {
  if (asked === undefined) return undefined;
  // Our access tokens are JWTs too, and may be asked for as such (RFC 8693 §3).
  if (asked === TYPE_URIS.delegation && !isHandedOn) return 'access_token';
  const type = tokenTypeOf(asked);
  if (!type) throw invalidRequest('requested_token_type can only confirm what the resource takes');
  return type;
}

function numeric(value: string | undefined): string | number | undefined {
  return value !== undefined && /^[0-9]{1,16}$/.test(value) ? Number(value) : value;
}

function caveatsOf(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    // A list is no object: within one it is read as strictly as everything else.
    const { caveats, ...others } = parseJsonObject(`{"caveats":${json}}`);
    return Object.keys(others).length === 0 ? caveats : null;
  } catch (error) {
    if (error instanceof JwsError) throw invalidRequest('caveats is a JSON array of strings');
    throw error;
  }
}
