/** `GET /api/mint/keys` and `GET /api/mint/revocations`: what a gateway needs to verify offline, made to be polled. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Engine, RevocationFeedEntry } from '../../exchange/types.ts';
import { asError, sendJson, sendNotModified } from '../answer.ts';
import type { RequestContext } from '../context.ts';
import { invalidRequest } from '../errors.ts';

const RESOURCE_LENGTH = 2048;

/** Answers `{keys: [{kid, key, state}]}` with a strong ETag. */
export function sendKeys(
  engine: Engine,
  resource: string,
  req: IncomingMessage,
  res: ServerResponse,
  context: RequestContext,
): void {
  const answer = engine.keys(resource);
  if ('granted' in answer) throw asError(answer);
  const keys = answer.keys.map(({ kid, key, state }) => ({ kid, key, state }));
  sendTagged(req, res, context, { keys }, `"${digest(keys)}"`, {});
}

/**
 * Answers `{generatedAt, entries}`. The ETag is weak, for it says nothing of `generatedAt`: a poller gets 304 as long as
 * the entries stand, and learns from `X-Generated-At`, on 200 and 304 alike, how fresh they are.
 */
export function sendRevocations(
  engine: Engine,
  resource: string,
  req: IncomingMessage,
  res: ServerResponse,
  context: RequestContext,
): void {
  const answer = engine.revocations(resource);
  if ('granted' in answer) throw asError(answer);
  const { generatedAt } = answer;
  const { entries, etag } = rendered(answer.entries);
  sendTagged(req, res, context, { generatedAt, entries }, etag, { 'X-Generated-At': generatedAt });
}

type Entries = readonly RevocationFeedEntry[];

/** The same list is answered to every poll until something changes. */
const known = new WeakMap<Entries, { readonly entries: Entries; readonly etag: string }>();

function rendered(list: Entries) {
  let one = known.get(list);
  if (!one) {
    const entries = list.map(({ by, value, tenant, issuedBefore, expiresAt }) => ({
      by,
      value,
      tenant,
      issuedBefore,
      expiresAt,
    }));
    one = { entries, etag: `W/"${digest(entries)}"` };
    known.set(list, one);
  }
  return one;
}

/** @returns whether the caller has it already */
export function sendTagged(
  req: IncomingMessage,
  res: ServerResponse,
  context: RequestContext,
  body: object,
  etag: string,
  extra: Record<string, string>,
): boolean {
  const headers = { ETag: etag, ...extra };
  const unchanged = holds(req.headers['if-none-match'], etag);
  if (unchanged) sendNotModified(res, context, headers);
  else sendJson(res, context, 200, body, headers);
  return unchanged;
}

/** If-None-Match compares weakly (RFC 9110 §13.1.2). */
function holds(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const opaque = etag.replace('W/', '');
  return header.split(',').some((tag) => {
    const bare = tag.trim();
    return bare === '*' || (bare.startsWith('W/') ? bare.slice(2) : bare) === opaque;
  });
}

export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 27);
}

/**
 * The one `resource` of the query.
 * @throws ServerError `invalid_request`
 */
export function resourceOf(req: IncomingMessage): string {
  const query = (req.url ?? '').split('?', 2)[1] ?? '';
  const params = new URLSearchParams(query);
  for (const name of params.keys()) {
    if (name !== 'resource') throw invalidRequest(`the query takes resource alone, not ${name.slice(0, 64)}`);
  }
  const [resource = '', ...more] = params.getAll('resource');
  if (resource === '' || more.length > 0 || resource.length > RESOURCE_LENGTH) {
    throw invalidRequest('name one resource, as ?resource=default');
  }
  return resource;
}
