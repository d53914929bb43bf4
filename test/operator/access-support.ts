/** Who may ask, over a client that answers what the test says. */
import { createAccess } from '../../src/operator/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { OURS, raw, ScriptedClient, world } from './support.ts';

export const status = (username: string, more: object = {}) => ({
  status: { authenticated: true, audiences: [OURS], user: { username, uid: 'u-1', groups: ['g'] }, ...more },
});
export const GATEWAY = 'system:serviceaccount:gateway:proxy';

export async function begin() {
  const w = world();
  const verifiers = [{ namespace: 'gateway', serviceAccount: 'proxy' }];
  const api = raw('ProtectedResource', undefined, 'api', { audience: 'api-aud', verifiers });
  const other = raw('ProtectedResource', undefined, 'other', { audience: 'other-aud' });
  await w.sync({ protectedresources: [api, other] });
  const client = new ScriptedClient();
  const clock = new FakeClock();
  client.onReview = () => status(GATEWAY);
  const age = { seconds: 0 };
  const access = createAccess({
    client,
    clock,
    issuer: OURS,
    snapshot: () => w.view.snapshot(),
    staleSeconds: () => age.seconds,
  });
  return { client, clock, access, w, api, age };
}

/** A token that a gateway presents, as far as it is read here. */
export const tokenUntil = (exp: unknown) => `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.x`;
