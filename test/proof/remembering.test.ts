import assert from 'node:assert/strict';
import type { Anchor } from '../../src/identity.ts';
import { createProofVerifier } from '../../src/proof/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { anchorOf, claimsOf, directory, MemoryKeys, NOW, refused, Signer, START, setup } from './support.ts';

/** Shows a proof for the second time: from then on it is remembered. */
async function twice<T>(show: () => Promise<T>): Promise<T> {
  await show();
  return show();
}

describe('remembering verified proofs', () => {
  it('verifies a proof that comes again once more, and never after', async () => {
    const { signer, verify, keys } = setup([anchorOf('oidc')]);
    const token = await signer.token(claimsOf('oidc'));
    const second = await twice(() => verify(token));
    for (let i = 0; i < 5; i++) assert.equal(await verify(token), second);
    assert.equal(keys.asked.length, 2);
  });

  it('keeps nothing of proofs that are shown once', async () => {
    const { signer, verify, keys } = setup([anchorOf('oidc')], { cacheSize: 2 });
    const kept = await signer.token(claimsOf('oidc', { sub: 'kept' }));
    await twice(() => verify(kept));
    for (let i = 0; i < 10; i++) await verify(await signer.token(claimsOf('oidc', { sub: `once-${i}` })));
    keys.asked = [];
    await verify(kept);
    assert.deepEqual(keys.asked, []);
  });

  it('verifies a proof that many present at once only once, and refuses it to all alike', async () => {
    const { signer, verify, keys } = setup([anchorOf('oidc')]);
    const token = await signer.token(claimsOf('oidc'));
    const results = await Promise.all(Array.from({ length: 20 }, () => verify(token)));
    assert.equal(new Set(results).size, 1);
    assert.equal(keys.asked.length, 1);
    const forged = await new Signer('k1').token(claimsOf('oidc'));
    const refusals = await Promise.allSettled(Array.from({ length: 20 }, () => verify(forged)));
    assert.ok(refusals.every((r) => r.status === 'rejected' && refused('signature')(r.reason)));
    assert.equal(keys.asked.length, 2);
  });

  it("P6: gives nobody another's claims: the whole token is the key, its signature too", async () => {
    const { signer, verify } = setup([anchorOf('oidc')]);
    const alice = await signer.token(claimsOf('oidc', { sub: 'alice' }));
    const bob = await signer.token(claimsOf('oidc', { sub: 'bob' }));
    assert.equal((await twice(() => verify(alice)))[0]?.subject, 'alice');
    assert.equal((await twice(() => verify(bob)))[0]?.subject, 'bob');
    assert.equal((await verify(alice))[0]?.subject, 'alice');
    const [header, payload, signature = ''] = alice.split('.');
    const other = bob.split('.')[2] ?? '';
    await assert.rejects(verify(`${header}.${payload}.${other}`), refused('signature'));
    const flipped = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);
    await assert.rejects(verify(`${header}.${payload}.${flipped}`), refused('signature'));
    await assert.rejects(verify(`${alice}=`), refused('malformed'));
  });

  it('P6, P9: forgets a proof the second it expires', async () => {
    const { signer, verify, clock } = setup([anchorOf('oidc')]);
    const token = await signer.token(claimsOf('oidc', { exp: NOW + 100 }));
    await twice(() => verify(token));
    await clock.advance(99_999);
    assert.equal((await verify(token)).length, 1);
    await clock.advance(1);
    await assert.rejects(verify(token), refused('expired'));
  });

  it('P9: refuses a remembered proof from the future after the clock is set back', async () => {
    const { signer, verify, clock } = setup([anchorOf('oidc')]);
    const token = await signer.token(claimsOf('oidc', { iat: NOW }));
    await twice(() => verify(token));
    clock.jump((NOW - 61) * 1000);
    await assert.rejects(verify(token), refused('not_yet_valid'));
  });

  it('P6, K8-9: forgets it when a key of its anchor is withdrawn, and of no other', async () => {
    const a = anchorOf('oidc', { id: 'a', issuer: 'https://a.example' });
    const b = anchorOf('oidc', { id: 'b', issuer: 'https://b.example' });
    const { signer, verify, keys } = setup([a, b]);
    const tokenA = await signer.token(claimsOf('oidc', { iss: a.issuer }));
    const tokenB = await signer.token(claimsOf('oidc', { iss: b.issuer }));
    await twice(() => verify(tokenA));
    await twice(() => verify(tokenB));
    keys.publish(a, new Signer('k2').jwk);
    await assert.rejects(verify(tokenA), refused('unknown_kid'));
    keys.asked = [];
    await verify(tokenB);
    assert.deepEqual(keys.asked, []);
  });

  it('P6: remembers nothing that was verified with keys withdrawn meanwhile', async () => {
    const anchor = anchorOf('oidc');
    const signer = new Signer('k1');
    let asked = 0;
    class Racing extends MemoryKeys {
      override async keysFor(...args: Parameters<MemoryKeys['keysFor']>) {
        const keys = await super.keysFor(...args);
        asked += 1;
        if (asked > 1) this.publish(anchor, new Signer('k2').jwk);
        return keys;
      }
    }
    const keys = new Racing();
    keys.publish(anchor, signer.jwk);
    const verifier = createProofVerifier({ keys, clock: new FakeClock(START) });
    const token = await signer.token(claimsOf('oidc'));
    assert.equal((await twice(() => verifier.verify(token, directory(anchor)))).length, 1);
    await assert.rejects(verifier.verify(token, directory(anchor)), refused('unknown_kid'));
  });

  it('P6: forgets it when the policies change, and the new anchors judge it', async () => {
    const { signer, verifier, keys } = setup([anchorOf('oidc')]);
    const token = await signer.token(claimsOf('oidc'));
    const before = directory(anchorOf('oidc'));
    await twice(() => verifier.verify(token, before));
    const gone = { ...directory(), generation: 'g2' };
    await assert.rejects(verifier.verify(token, gone), refused('unknown_issuer'));
    const stricter: Anchor = anchorOf('oidc', { algorithms: ['RS256'] });
    await assert.rejects(verifier.verify(token, { ...directory(stricter), generation: 'g3' }), refused('algorithm'));
    assert.equal((await verifier.verify(token, { ...before, generation: 'g4' })).length, 1);
    assert.equal(keys.asked.length, 3);
  });

  it('remembers no refusal: the next attempt is judged anew', async () => {
    const anchor = anchorOf('oidc');
    const { verify, keys } = setup([anchor]);
    const rotated = new Signer('k2');
    const token = await rotated.token(claimsOf('oidc'));
    await assert.rejects(verify(token), refused('unknown_kid'));
    keys.publish(anchor, rotated.jwk);
    assert.equal((await verify(token)).length, 1);
  });

  it('P15: a proof that one cluster took is offered to the other of the same issuer when its keys change', async () => {
    const east = anchorOf('kubernetes', { id: 'east' });
    const west = anchorOf('kubernetes', { id: 'west' });
    const { signer, verify, keys } = setup([east, west]);
    keys.publish(west, new Signer('k2').jwk);
    const token = await signer.token(claimsOf('kubernetes'));
    assert.equal((await twice(() => verify(token))).length, 1);
    assert.equal((await verify(token)).length, 1);
    assert.equal(keys.asked.length, 4);
    keys.publish(west, signer.jwk);
    assert.equal((await verify(token)).length, 2);
  });

  it('remembers no more than it may, and drops what was used longest ago', async () => {
    const { signer, verify, keys } = setup([anchorOf('oidc')], { cacheSize: 2 });
    const tokens = await Promise.all(['a', 'b', 'c'].map((sub) => signer.token(claimsOf('oidc', { sub }))));
    const [a = '', b = '', c = ''] = tokens;
    for (const token of [a, a, b, b, a, c, c]) await verify(token);
    assert.equal(keys.asked.length, 6);
    await verify(a);
    assert.equal(keys.asked.length, 6);
    await verify(b);
    assert.equal(keys.asked.length, 7);
  });

  it('refuses a proof that expired while its keys were fetched', async () => {
    const anchor = anchorOf('oidc');
    const clock = new FakeClock(START);
    const signer = new Signer('k1');
    class Slow extends MemoryKeys {
      override async keysFor(...args: Parameters<MemoryKeys['keysFor']>) {
        await clock.advance(10_000);
        return super.keysFor(...args);
      }
    }
    const keys = new Slow();
    keys.publish(anchor, signer.jwk);
    const token = await signer.token(claimsOf('oidc', { exp: NOW + 5 }));
    await assert.rejects(createProofVerifier({ keys, clock }).verify(token, directory(anchor)), refused('expired'));
  });
});
