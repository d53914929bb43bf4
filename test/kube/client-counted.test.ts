import assert from 'node:assert/strict';
import { OPENSSL } from '../support/certificates.ts';
import { type Fake, startFake, WIDGETS, widget } from './support/fake.ts';

describe('What the client tells of its requests', () => {
  let fake: Fake;
  const told: [string, number][] = [];
  before(function () {
    if (!OPENSSL) this.skip();
  });
  beforeEach(async () => {
    told.length = 0;
    fake = await startFake({ onRequest: (verb, status) => void told.push([verb, status]) });
  });
  afterEach(() => fake.close());

  it('is the status of each, as the server answered it, and that a watch is one', async () => {
    const { client } = fake;
    await client.create(WIDGETS, widget('a'), 'default');
    await client.get(WIDGETS, 'none', 'default').catch(() => {});
    await client.patch(WIDGETS, 'a', 'default', 'merge', { spec: { size: 2 } });
    const { signal } = new AbortController();
    await client.watch(WIDGETS, { resourceVersion: '1', timeoutSeconds: 60 }, { signal });
    assert.deepEqual(told, [
      ['POST', 201],
      ['GET', 404],
      ['PATCH', 200],
      ['WATCH', 200],
    ]);
  });

  it('is both requests where credentials were refused first, and 0 where nobody answers', async () => {
    const { client, credentials, server } = fake;
    server.tokens = new Set(['new']);
    credentials.next = { ...credentials.now, headers: { Authorization: 'Bearer new' } };
    await client.create(WIDGETS, widget('a'), 'default');
    server.fault = () => 'hang up';
    await client.create(WIDGETS, widget('b'), 'default').catch(() => {});
    assert.deepEqual(told, [
      ['POST', 401],
      ['POST', 201],
      ['POST', 0],
    ]);
  });
});
