import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { encodeIdentifier } from '../../src/macaroon/index.ts';
import { IDENTIFIER, mint, ROOT_KEY, verify } from './support.ts';

const hmac = (key: Uint8Array | string, data: Uint8Array | string) => createHmac('sha256', key).update(data).digest();

describe('the accounts that a call draws on', () => {
  it('are the grant, limited by the smallest budget of the issuer', () => {
    const outcome = verify(mint(['budget_credits <= 40', 'budget_credits <= 100']));
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.accounts, [{ id: IDENTIFIER.gid, limit: 40 }]);
  });

  it('are the grant without a limit where the issuer set none', () => {
    const outcome = verify(mint());
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.accounts, [{ id: IDENTIFIER.gid }]);
  });

  it('hold one more per appended budget, with the id that any verifier derives from the chain', () => {
    const outcome = verify(mint([], { appended: ['note = x', 'budget_credits <= 5', 'budget_credits <= 7'] }));
    assert.ok(outcome.ok);
    let value = hmac(hmac('macaroons-key-generator', ROOT_KEY), encodeIdentifier(IDENTIFIER));
    const ids: string[] = [];
    for (const caveat of outcome.caveats) {
      value = hmac(value, caveat);
      if (!caveat.startsWith('budget_credits')) continue;
      const sum = createHash('sha256')
        .update(Buffer.concat([Buffer.from('acct/1'), value]))
        .digest();
      ids.push(sum.subarray(0, 16).toString('base64url'));
    }
    assert.deepEqual(outcome.accounts.slice(1), [
      { id: ids[0], limit: 5 },
      { id: ids[1], limit: 7 },
    ]);
  });
});
