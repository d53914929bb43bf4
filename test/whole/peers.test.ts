import assert from 'node:assert/strict';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { describeMacaroon } from '../../src/macaroon/index.ts';
import { oracle } from '../macaroon/support.ts';
import { ask } from '../server/support.ts';
import { type AskPymacaroons, pymacaroons } from '../support/pymacaroons.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, type Mint, serve } from './support.ts';

const RESOURCE = JSON.stringify({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ProtectedResource',
  metadata: { name: 'other' },
  spec: { audience: 'other-audience' },
});

describe('a token that the mint handed out', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  let token: string;
  let caveats: string[];
  before(async () => {
    issuer = await createDevIssuer();
    mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE]), 'other.yaml': RESOURCE });
    const answer = await mint.exchange(await issuer.sign(account('agent')), {
      budget_credits: 5,
      caveats: ['note = x'],
    });
    ({ token, caveats } = answer.json);
  });
  after(async () => {
    await cleanUp();
    await issuer.close();
  });

  /** The key of the token's kid, as a gateway of that resource gets it. */
  async function keyFor(resource: string): Promise<Buffer> {
    const { keys } = (await ask(`${mint.url}/api/mint/keys?resource=${resource}`)).json;
    const kid = describeMacaroon(token).identifier?.kid;
    return Buffer.from(keys.find((one: { kid: string }) => one.kid === kid).key, 'base64url');
  }

  it('is verified by npm macaroon, given the resource’s key, and not with another resource’s', async () => {
    const seen: string[] = [];
    const check = (caveat: string) => {
      seen.push(caveat);
      return null;
    };
    oracle.importMacaroon(token).verify(await keyFor('default'), check);
    assert.deepEqual(seen, caveats);
    assert.ok(seen.includes('budget_credits <= 5') && seen.includes('note = x'));
    const other = await keyFor('other');
    assert.throws(() => oracle.importMacaroon(token).verify(other, () => null));
  });

  describe('and pymacaroons', () => {
    let askPython: AskPymacaroons;
    before(function () {
      askPython = pymacaroons(this);
    });

    it('is verified, given the resource’s key, and not with another resource’s', async () => {
      const verdict = async (resource: string) =>
        askPython<{ verified: boolean; caveats: string[] }>({
          do: 'verify',
          token,
          key: (await keyFor(resource)).toString('hex'),
        });
      const right = await verdict('default');
      assert.deepEqual([right.verified, right.caveats], [true, caveats]);
      assert.equal((await verdict('other')).verified, false);
    });
  });
});
