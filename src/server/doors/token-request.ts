/** A form of the token endpoint, read into the engine's words. */
import type { Door, ExchangeRequest } from '../../exchange/types.ts';
import { JwsError, parseJws } from '../../jws/index.ts';
import type { RequestContext } from '../context.ts';
import { invalidRequest, ServerError } from '../errors.ts';
import type { Form } from '../form.ts';
import { readAsked } from './token-asked.ts';
import { readClient } from './token-client.ts';

type Grant = Exclude<Door, 'native'>;
type Presented = Pick<ExchangeRequest, 'proof' | 'delegation'>;

const GRANTS: ReadonlyMap<string, Grant> = new Map([
  ['client_credentials', 'client_credentials'],
  ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'jwt_bearer'],
  ['urn:ietf:params:oauth:grant-type:token-exchange', 'token_exchange'],
]);
export const GRANT_TYPES: readonly string[] = [...GRANTS.keys()];

/** Which parameters carry a token at which grant. At another one they would be overlooked, and so what they narrow. */
const CARRIERS: Readonly<Record<Grant, readonly string[]>> = {
  client_credentials: [],
  jwt_bearer: ['assertion'],
  token_exchange: ['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type'],
};

const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const DELEGATION = 'trustmint-delegation+jwt';
const CLIENT_ID_LENGTH = 2048;

/**
 * Reads a token request.
 *
 * @param authorization the header of that name
 * @throws ServerError with an error of RFC 6749 §5.2 or RFC 8707 §2
 */
export function readTokenRequest(
  form: Form,
  authorization: string | undefined,
  context: RequestContext,
): ExchangeRequest {
  const type = form.get('grant_type');
  if (type === undefined) throw invalidRequest('grant_type is required');
  const door = GRANTS.get(type);
  if (!door) throw new ServerError('unsupported_grant_type', `grant_type is one of ${GRANT_TYPES.join(' ')}`);
  const client = readClient(form, authorization);
  for (const name of Object.values(CARRIERS).flat()) {
    if (!CARRIERS[door].includes(name) && form.get(name) !== undefined) {
      throw invalidRequest(`${name} is of another grant_type`);
    }
  }
  const { correlationId, callerId, peer } = context;
  const presented = readPresented(door, form, client?.assertion);
  return {
    ...{ door, correlationId, callerId, peer, ...presented, ...readAsked(form, door) },
    ...(client && { client }),
    ...clientIdOf(form),
  };
}

function clientIdOf(form: Form): Pick<ExchangeRequest, 'clientId'> {
  const clientId = form.get('client_id');
  if (clientId === undefined) return {};
  if (clientId.length > CLIENT_ID_LENGTH) throw invalidRequest('client_id is too long');
  return { clientId };
}

function readPresented(door: Grant, form: Form, clientAssertion: string | undefined): Presented {
  switch (door) {
    case 'client_credentials':
      if (clientAssertion === undefined) {
        throw new ServerError('invalid_client', 'client_credentials wants client_assertion: the proof of the workload');
      }
      return { proof: clientAssertion };
    case 'jwt_bearer': {
      const assertion = form.token('assertion');
      if (assertion === undefined) throw invalidRequest('assertion is required: the proof of the workload');
      return { proof: assertion };
    }
    case 'token_exchange':
      return readSubject(form);
  }
}

/** RFC 8693 §2.1: a proof; or a delegation token, with the proof of whom it lets act. */
function readSubject(form: Form): Presented {
  const subject = form.token('subject_token');
  const type = form.get('subject_token_type');
  if (subject === undefined || type === undefined) throw invalidRequest('subject_token and its type are required');
  const actor = form.token('actor_token');
  const actorType = form.get('actor_token_type');
  if ((actor === undefined) !== (actorType === undefined)) {
    throw invalidRequest('actor_token and actor_token_type go together');
  }
  if (actorType !== undefined && actorType !== JWT && actorType !== ID_TOKEN) {
    throw invalidRequest(`actor_token_type is ${JWT} or ${ID_TOKEN}`);
  }
  if (isDelegation(subject)) {
    if (type !== JWT && type !== ACCESS_TOKEN) throw invalidRequest(`the type of a delegation token is ${JWT}`);
    if (actor === undefined) throw invalidRequest('a delegation token wants actor_token: the proof of the actor');
    return { proof: actor, delegation: subject };
  }
  if (type !== JWT && type !== ID_TOKEN) {
    throw invalidRequest(`subject_token_type is ${JWT} or ${ID_TOKEN}; access tokens are not exchanged`);
  }
  if (actor !== undefined) throw invalidRequest('an actor acts by a delegation token of ours, and by no other token');
  return { proof: subject };
}

/** By its `typ`, which every kind of ours is told by. */
function isDelegation(token: string): boolean {
  try {
    return parseJws(token).header.typ === DELEGATION;
  } catch (error) {
    if (error instanceof JwsError) return false;
    throw error;
  }
}
