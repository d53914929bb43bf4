/** How a client authenticates, if it does: by a proof as its assertion, and by nothing else (RFC 6749 §2.3, RFC 7521 §4.2). */
import type { ClientAssertion } from '../../exchange/types.ts';
import { invalidRequest, ServerError } from '../errors.ts';
import type { Form } from '../form.ts';

const TYPES: ReadonlyMap<string, { readonly isSvid: boolean }> = new Map([
  ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer', { isSvid: false }],
  ['urn:ietf:params:oauth:client-assertion-type:jwt-spiffe', { isSvid: true }],
]);

/**
 * The client's assertion, or undefined where no client authenticates. One that tries in another way is refused: there
 * are no client secrets, and who presents one means to be authenticated by it (P29).
 *
 * @throws ServerError `invalid_client`; `invalid_request` for two ways at once
 */
export function readClient(form: Form, authorization: string | undefined): ClientAssertion | undefined {
  const assertion = form.token('client_assertion');
  const type = form.get('client_assertion_type');
  const secret = form.get('client_secret');
  const ways = [assertion ?? type, secret, authorization || undefined].filter((way) => way !== undefined);
  if (ways.length > 1) throw invalidRequest('a client authenticates in one way alone (RFC 6749, section 2.3)');
  if (authorization) {
    const scheme = /^basic(?: |$)/i.test(authorization) ? 'Basic' : 'Bearer';
    const headers = { 'WWW-Authenticate': `${scheme} realm="trustmint"` };
    throw new ServerError('invalid_client', 'there are no client secrets: send client_assertion', headers);
  }
  if (secret !== undefined) {
    throw new ServerError('invalid_client', 'there are no client secrets: send client_assertion');
  }
  if (assertion === undefined && type === undefined) return undefined;
  if (assertion === undefined || type === undefined) {
    throw invalidRequest('client_assertion and client_assertion_type go together');
  }
  const known = TYPES.get(type);
  if (!known) throw new ServerError('invalid_client', `client_assertion_type is one of ${[...TYPES.keys()].join(' ')}`);
  return { assertion, ...known };
}
