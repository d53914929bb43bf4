/** What an agent's sidecar and a resource server send. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, ask } from '../server/support.ts';
import type { World } from './agents-world.ts';
import { ISSUER, SCOPE } from './spire/agents.ts';

const TYPE = 'urn:ietf:params:oauth:';
export const JWT_BEARER = `${TYPE}client-assertion-type:jwt-bearer`;
export const JWT_SPIFFE = `${TYPE}client-assertion-type:jwt-spiffe`;
const JWT = `${TYPE}token-type:jwt`;

type Fields = Readonly<Record<string, string>>;

export function form(url: string, fields: Fields, headers: Fields = {}): Promise<Answer> {
  const body = new URLSearchParams(fields).toString();
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return ask(url, { method: 'POST', headers: { ...type, ...headers }, body });
}

/**
 * Status and error of a refusal, and the reason in its audit record. Of one identity only so many refusals a second have
 * one, so it may ask again.
 */
export async function refusalOf(world: World, request: () => Promise<Answer>): Promise<[number, string, string]> {
  for (let tries = 0; tries < 20; tries++) {
    const { status, json, text } = await request();
    assert.notEqual(status, 200, text);
    for (let looks = 0; looks < 10; looks++) {
      const record = world.audit().find(({ id }) => id === json.correlation_id);
      if (record) return [status, json.error, record.refused.reason];
      await sleep(50);
    }
  }
  return assert.fail('there is no record of a refusal');
}

/** The requests of one world's agents. */
export function clientOf(world: World) {
  const token = (fields: Fields, path = '/connect/token') => form(`${world.url}${path}`, fields);
  /** The form of the worked example. */
  const mint = (svid: string, more: Fields = {}) =>
    token({
      grant_type: 'client_credentials',
      client_id: 'global-worker',
      client_assertion_type: JWT_BEARER,
      client_assertion: svid,
      scope: SCOPE,
      ...more,
    });
  /** What is held, exchanged by whom its may_act names. */
  const exchange = (held: string, svid: string, more: Fields = {}) =>
    token({
      grant_type: `${TYPE}grant-type:token-exchange`,
      ...{ subject_token: held, subject_token_type: JWT, actor_token: svid, actor_token_type: JWT },
      ...more,
    });
  const handOn = (mayAct: object) => ({ audience: ISSUER, may_act: JSON.stringify(mayAct), scope: SCOPE });
  return {
    ...{ token, mint, exchange },
    /** The other two grants, with a proof. */
    bearerGrant: (svid: string) => token({ grant_type: `${TYPE}grant-type:jwt-bearer`, assertion: svid, scope: SCOPE }),
    subjectToken: (svid: string) =>
      token({
        grant_type: `${TYPE}grant-type:token-exchange`,
        ...{ subject_token: svid, subject_token_type: JWT, scope: SCOPE },
      }),
    /** A delegation token of one's own authority. */
    delegate: (svid: string, mayAct: object) => mint(svid, handOn(mayAct)),
    /** One of what is held, for the next. */
    passOn: (held: string, svid: string, mayAct: object) => exchange(held, svid, handOn(mayAct)),
    introspect: async (access: string) =>
      form(`${world.url}/oauth2/introspect`, { token: access }, await world.verifier()),
    verify: async (access: string): Promise<Answer> =>
      ask(`${world.url}/api/mint/verify`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(await world.verifier()) },
        body: JSON.stringify({ token: access, resource: 'sample-api-a', call: { scope: SCOPE } }),
      }),
    revoke: (held: string) => form(`${world.url}/oauth2/revoke`, { token: held }),
    whoami: (access: string) => ask(`${world.api}/whoami`, { headers: { Authorization: `Bearer ${access}` } }),
    write: (access: string, text: string) =>
      ask(`${world.api}/notes`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${access}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ text }),
      }),
  };
}
