import assert from 'node:assert/strict';
import { reviewToken, tokenReviews } from '../../src/operator/index.ts';
import { apiFailure } from '../kube/support/memory-client.ts';
import { begin, GATEWAY, status, tokenUntil } from './access-support.ts';
import { OURS, ScriptedClient } from './support.ts';

describe('a gateway', () => {
  it('proves itself with a token made for our issuer, and may ask about its own resources alone', async () => {
    const { access, client } = await begin();
    for (const name of ['api', 'api-aud', undefined]) assert.equal(await access.authorize('verifier', 't', name), 'ok');
    for (const name of ['other', 'default', 'unknown', '__proto__'])
      assert.equal(await access.authorize('verifier', 't', name), 'unauthorized', name);
    const [{ plural, body } = {}] = client.reviewed as { plural?: string; body?: { spec?: unknown } }[];
    assert.equal(plural, 'tokenreviews');
    assert.deepEqual(body?.spec, { token: 't', audiences: [OURS] });
  });

  it('is not let in by another account, nor by one of the same name elsewhere', async () => {
    for (const name of ['system:serviceaccount:other:proxy', 'proxy', 'system:serviceaccount:gateway:proxy2']) {
      const { access, client } = await begin();
      client.onReview = () => status(name);
      assert.equal(await access.authorize('verifier', 't', 'api'), 'unauthorized', name);
    }
  });

  for (const [what, answer] of [
    ['is refused', { status: { error: 'no' } }],
    ['is for another audience', status(GATEWAY, { audiences: ['other'] })],
    ['was compared with no audience', status(GATEWAY, { audiences: undefined })],
    ['is authenticated in word only', status(GATEWAY, { authenticated: 'true' })],
    ['has no user', { status: { authenticated: true, audiences: [OURS] } }],
  ] as const) {
    it(`is not let in with a token that ${what}`, async () => {
      const { access, client } = await begin();
      client.onReview = () => answer;
      assert.equal(await access.authorize('verifier', 't', 'api'), 'unauthorized');
    });
  }

  it('is told to come back where the API server cannot be asked, and that is not remembered', async () => {
    const { access, client } = await begin();
    client.onReview = () => {
      throw apiFailure(0, 'Timeout');
    };
    assert.equal(await access.authorize('verifier', 't', 'api'), 'unavailable');
    client.onReview = () => status(GATEWAY);
    assert.equal(await access.authorize('verifier', 't', 'api'), 'ok');
  });

  it('loses its rights with its resource’s entry at once, and its account within seconds', async () => {
    const { access, client, clock, w, api } = await begin();
    assert.equal(await access.authorize('verifier', 't', 'api'), 'ok');
    client.onReview = () => ({ status: {} });
    await clock.advance(4_999);
    assert.equal(await access.authorize('verifier', 't', 'api'), 'ok');
    await clock.advance(1);
    assert.equal(await access.authorize('verifier', 't', 'api'), 'unauthorized');
    client.onReview = () => status(GATEWAY);
    await clock.advance(5_000);
    assert.equal(await access.authorize('verifier', 't', 'api'), 'ok');
    w.of('protectedresources').remove(api);
    assert.equal(await access.authorize('verifier', 't', 'api'), 'unauthorized');
  });

  it('goes on while the API server is away, for half an hour and no longer than its token; others wait', async () => {
    const { access, client, clock } = await begin();
    const hour = tokenUntil(clock.now() / 1000 + 3600);
    const minute = tokenUntil(clock.now() / 1000 + 60);
    const endless = tokenUntil(undefined);
    for (const token of [hour, minute, endless]) assert.equal(await access.authorize('verifier', token, 'api'), 'ok');
    client.onReview = () => {
      throw apiFailure(0, 'NetworkError');
    };
    await clock.advance(59_000);
    assert.equal(await access.authorize('verifier', hour, 'api'), 'ok');
    assert.equal(await access.authorize('verifier', minute, 'api'), 'ok');
    assert.equal(await access.authorize('verifier', endless, 'api'), 'unavailable');
    assert.equal(await access.authorize('policies', hour), 'unavailable');
    assert.equal(await access.authorize('verifier', tokenUntil(clock.now()), 'api'), 'unavailable', 'one never seen');
    await clock.advance(1_000);
    assert.equal(await access.authorize('verifier', minute, 'api'), 'unavailable');
    await clock.advance(29 * 60_000);
    assert.equal(await access.authorize('verifier', hour, 'api'), 'unavailable');
  });

  it('does not wait for a silent API server with each call, and hears at once when it is back', async () => {
    const { access, client, clock } = await begin();
    const token = tokenUntil(clock.now() / 1000 + 3600);
    assert.equal(await access.authorize('verifier', token, 'api'), 'ok');
    await clock.advance(5_000);
    client.onReview = () => {
      throw apiFailure(0, 'Timeout');
    };
    assert.equal(await access.authorize('verifier', token, 'api'), 'ok');
    const { review } = client;
    let answer = (_: unknown) => {};
    client.review = <T>() =>
      new Promise<T>((resolve) => {
        answer = resolve as typeof answer;
      });
    const asked = access.authorize('verifier', token, 'api');
    await clock.advance(250);
    assert.equal(await Promise.race([asked, 'waits']), 'ok');
    answer({ status: {} });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await access.authorize('verifier', token, 'api'), 'unauthorized', 'what came in the end');
    client.review = review;
    assert.equal(clock.pending, 0);
  });

  it('is told to come back where who may ask was not read for half an hour', async () => {
    const { access, age } = await begin();
    age.seconds = 1800;
    assert.equal(await access.authorize('verifier', 't', 'api'), 'ok');
    age.seconds = 1801;
    assert.equal(await access.authorize('verifier', 't', 'api'), 'unavailable');
    assert.equal(await access.authorize('verifier', 't'), 'unavailable');
  });

  it('that asks a hundred times at once costs the API server one question', async () => {
    const { access, client } = await begin();
    await Promise.all(Array.from({ length: 100 }, () => access.authorize('verifier', 't', 'api')));
    assert.equal(client.reviewed.length, 1);
  });
});

describe('explain and policies', () => {
  for (const [kind, verb] of [
    ['explain', 'explain'],
    ['policies', 'list'],
  ] as const) {
    it(`${kind} is for whoever RBAC lets ${verb} trustpolicies in every namespace`, async () => {
      const { access, client } = await begin();
      let allowed: unknown = true;
      client.onReview = (plural) => (plural === 'tokenreviews' ? status('alice') : { status: { allowed } });
      assert.equal(await access.authorize(kind, 't'), 'ok');
      const { body } = client.reviewed[1] as { body: { spec: unknown } };
      assert.deepEqual(body.spec, {
        user: 'alice',
        uid: 'u-1',
        groups: ['g'],
        extra: {},
        resourceAttributes: { group: 'trustmint.dev', resource: 'trustpolicies', verb },
      });
      for (const no of [false, undefined, 'true']) {
        const other = await begin();
        allowed = no;
        other.client.onReview = (plural) => (plural === 'tokenreviews' ? status('bob') : { status: { allowed } });
        assert.equal(await other.access.authorize(kind, 't'), 'forbidden');
      }
    });
  }

  it('are nothing for a verifier, and verify is nothing for an administrator', async () => {
    const { access, client } = await begin();
    client.onReview = (plural) => (plural === 'tokenreviews' ? status(GATEWAY) : { status: { allowed: false } });
    assert.equal(await access.authorize('policies', 't'), 'forbidden');
    const admin = await begin();
    admin.client.onReview = (plural) => (plural === 'tokenreviews' ? status('root') : { status: { allowed: true } });
    assert.equal(await admin.access.authorize('verifier', 't', 'api'), 'unauthorized');
  });
});

describe('TokenReview', () => {
  const anchor = {} as never;
  it('K8-6: asks for the audiences of the token and tells whose it is', async () => {
    const client = new ScriptedClient();
    client.onReview = () => status('system:serviceaccount:a:b', { audiences: ['satgate'] });
    const answer = await tokenReviews(client).review('secret-token', anchor, ['satgate']);
    assert.equal(answer.authenticated, true);
    assert.deepEqual(answer.audiences, ['satgate']);
    assert.equal(answer.username, 'system:serviceaccount:a:b');
    assert.equal(answer.uid, 'u-1');
    const [{ body } = { body: {} }] = client.reviewed;
    assert.deepEqual((body as { spec?: object }).spec, {
      token: 'secret-token',
      audiences: ['satgate'],
    });
  });

  it('an outage throws, and so does an answer without a status: neither is a refusal', async () => {
    const client = new ScriptedClient();
    client.onReview = () => {
      throw apiFailure(500, 'InternalError');
    };
    await assert.rejects(reviewToken(client, 't', ['a']), { status: 500 });
    for (const answer of [{}, null, { status: null }, 'no']) {
      client.onReview = () => answer;
      await assert.rejects(reviewToken(client, 't', ['a']), { code: 'bad_answer' });
    }
  });
});
