import assert from 'node:assert/strict';
import { ProofError, type TokenReviewAnswer, type TokenReviewPort } from '../../src/proof/index.ts';
import { anchorOf, claimsOf, outage, refused, Signer, setup } from './support.ts';

const GOOD: TokenReviewAnswer = {
  authenticated: true,
  audiences: ['satgate'],
  username: 'system:serviceaccount:ai-agents:research-agent',
  uid: 'sa-uid',
};

class ApiServer implements TokenReviewPort {
  answer: TokenReviewAnswer | Error = GOOD;
  asked: { token: string; anchor: string; audiences: readonly string[] }[] = [];

  async review(token: string, anchor: { id: string }, audiences: readonly string[]): Promise<TokenReviewAnswer> {
    this.asked.push({ token, anchor: anchor.id, audiences });
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  }
}

const reviewed = anchorOf('kubernetes', { id: 'reviewed', proofCheck: 'TokenReview' });

async function cluster(...others: ReturnType<typeof anchorOf>[]) {
  const api = new ApiServer();
  const context = setup([reviewed, ...others], { tokenReview: api });
  return { ...context, api, token: await context.signer.token(claimsOf('kubernetes')) };
}

describe('reviewing a token with the API server', () => {
  it('K8-6: asks about the token’s own audiences, after the signature, and then gives the identity', async () => {
    const { verify, api, token } = await cluster();
    assert.equal((await verify(token))[0]?.anchor, 'reviewed');
    assert.deepEqual(api.asked, [{ token, anchor: 'reviewed', audiences: ['satgate'] }]);
  });

  it('K8-6: asks nothing about a forged proof', async () => {
    const { verify, api } = await cluster();
    await assert.rejects(verify(await new Signer('k1').token(claimsOf('kubernetes'))), refused('signature'));
    assert.deepEqual(api.asked, []);
  });

  it('asks once for many that come together, and again after seconds', async () => {
    const { verify, api, token, clock, keys } = await cluster();
    await Promise.all(Array.from({ length: 20 }, () => verify(token)));
    await verify(token);
    assert.equal(api.asked.length, 1);
    await clock.advance(4_999);
    await verify(token);
    assert.equal(api.asked.length, 1);
    await clock.advance(1);
    await Promise.all([verify(token), verify(token)]);
    assert.equal(api.asked.length, 2);
    assert.equal(keys.asked.length, 2);
  });

  it('stops a deleted pod’s remembered proof within seconds, and asks anew each time it was refused', async () => {
    const { verify, api, token, clock } = await cluster();
    await verify(token);
    api.answer = { authenticated: false, audiences: [] };
    await clock.advance(5_000);
    await assert.rejects(verify(token), refused('token_review_refused'));
    await assert.rejects(verify(token), refused('token_review_refused'));
    assert.equal(api.asked.length, 3);
    api.answer = GOOD;
    assert.equal((await verify(token)).length, 1);
  });

  const bad: [string, TokenReviewAnswer][] = [
    ['does not authenticate the token', { ...GOOD, authenticated: false }],
    ['states no audience, having compared none', { ...GOOD, audiences: [] }],
    ['states another audience', { ...GOOD, audiences: ['https://kubernetes.default.svc'] }],
    ['names another account', { ...GOOD, username: 'system:serviceaccount:ai-agents:other' }],
    ['names nobody', { authenticated: true, audiences: ['satgate'], uid: 'sa-uid' }],
    ['states another uid: the account was created again', { ...GOOD, uid: 'another' }],
    ['states no uid', { authenticated: true, audiences: ['satgate'], username: GOOD.username ?? '' }],
  ];
  for (const [what, answer] of bad) {
    it(`refuses the proof if the API server ${what}`, async () => {
      const { verify, api, token } = await cluster();
      api.answer = answer;
      await assert.rejects(verify(token), refused('token_review_refused'));
    });
  }

  it('is an outage if the API server cannot be asked, and is not remembered as one', async () => {
    const { verify, api, token } = await cluster();
    api.answer = new Error('connect ECONNREFUSED');
    await assert.rejects(verify(token), outage('token_review_unavailable'));
    const error = (await verify(token).catch((thrown) => thrown)) as ProofError;
    assert.ok((error.retryAfter ?? 0) > 0);
    api.answer = new ProofError('token_review_unavailable', 'throttled', { outage: true, retryAfter: 9 });
    await assert.rejects(verify(token), (thrown) => thrown === api.answer);
    api.answer = GOOD;
    assert.equal((await verify(token)).length, 1);
  });

  it('is an outage where there is no API server at all', async () => {
    const { verify, signer } = setup([reviewed]);
    const token = await signer.token(claimsOf('kubernetes'));
    await assert.rejects(verify(token), outage('token_review_unavailable'));
  });

  it('reviews only for the anchors that want it: the others’ identities stay when it refuses', async () => {
    const { verify, api, token } = await cluster(anchorOf('kubernetes', { id: 'by-signature' }));
    assert.deepEqual(
      (await verify(token)).map((identity) => identity.anchor),
      ['reviewed', 'by-signature'],
    );
    assert.equal(api.asked.length, 1);
  });

  it('drops the identity of the anchor whose review refuses, and keeps the other', async () => {
    const { verify, api, token } = await cluster(anchorOf('kubernetes', { id: 'by-signature' }));
    api.answer = { authenticated: false, audiences: [] };
    assert.deepEqual(
      (await verify(token)).map((identity) => identity.anchor),
      ['by-signature'],
    );
    api.answer = new Error('down');
    await assert.rejects(verify(token), outage('token_review_unavailable'));
  });
});
