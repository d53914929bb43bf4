import assert from 'node:assert/strict';
import { begin, GATEWAY, status, tokenUntil } from './access-support.ts';

describe('strangers', () => {
  it('without a token, or with an endless one, cost the API server nothing', async () => {
    const { access, client } = await begin();
    for (const bearer of [undefined, 'x'.repeat(20_000)])
      assert.equal(await access.authorize('verifier', bearer, 'api'), 'unauthorized');
    assert.equal(client.reviewed.length, 0);
  });

  it('with thousands of tokens at once keep at most 64 questions under way', async () => {
    const { access, client } = await begin();
    const open = Promise.withResolvers<void>();
    let asked = 0;
    client.review = async <T>() => {
      asked += 1;
      await open.promise;
      return { status: {} } as T;
    };
    const answers = Array.from({ length: 1000 }, (_, i) => access.authorize('verifier', `t${i}`, 'api'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(asked, 64);
    open.resolve();
    const counts = Map.groupBy(await Promise.all(answers), (answer) => answer);
    assert.equal(counts.get('unavailable')?.length, 936);
  });
});

describe('a crowd of strangers', () => {
  it('costs the API server 200 questions and then 50 a second', async () => {
    const { access, client, clock } = await begin();
    client.onReview = () => ({ status: {} });
    const crowd = async (name: string) => {
      const before = client.reviewed.length;
      for (let i = 0; i < 1000; i += 1) await access.authorize('verifier', `${name}${i}`, 'api');
      return client.reviewed.length - before;
    };
    assert.equal(await crowd('first'), 200);
    await clock.advance(1_000);
    assert.equal(await crowd('second'), 50);
  });

  it('keeps no gateway out that was known before, and none in that is gone', async () => {
    const { access, client, clock } = await begin();
    const token = tokenUntil(clock.now() / 1000 + 3600);
    assert.equal(await access.authorize('verifier', token, 'api'), 'ok');
    await clock.advance(5_000);
    const crowd = Promise.withResolvers<unknown>();
    const { review } = client;
    client.review = <T>() => crowd.promise as Promise<T>;
    const strangers = Array.from({ length: 100 }, (_, i) => access.authorize('verifier', `t${i}`, 'api'));
    client.review = review;
    client.onReview = () => status(GATEWAY);
    assert.equal(await access.authorize('verifier', token, 'api'), 'ok');
    await clock.advance(5_000);
    client.onReview = () => ({ status: {} });
    assert.equal(await access.authorize('verifier', token, 'api'), 'unauthorized');
    crowd.resolve({ status: {} });
    await Promise.all(strangers);
  });
});
