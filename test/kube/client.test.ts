import assert from 'node:assert/strict';
import { KubeApiError } from '../../src/kube/errors.ts';
import { OPENSSL } from '../support/certificates.ts';
import { certificates, type Fake, startFake, WIDGETS, widget } from './support/fake.ts';
import { eventually, inTime, turns } from './support/io.ts';

const settled = async (promise: Promise<unknown>) => {
  const result = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(result instanceof KubeApiError, `rejects with a KubeApiError, not ${result}`);
  return result;
};

describe('The client of the API server', () => {
  let fake: Fake;
  before(function () {
    if (!OPENSSL) this.skip();
  });
  beforeEach(async () => {
    fake = await startFake();
  });
  afterEach(() => fake.close());

  it('creates, reads, lists in pages, replaces, patches and deletes', async () => {
    const { client } = fake;
    for (const name of ['a', 'b', 'c']) await client.create(WIDGETS, widget(name), 'default');
    const read = await client.get(WIDGETS, 'a', 'default');
    await client.replace(WIDGETS, { ...read, spec: { size: 2 } }, 'a', 'default');
    const stale = await settled(client.replace(WIDGETS, read, 'a', 'default'));
    assert.deepEqual([stale.status, stale.reason], [409, 'Conflict']);
    const patched = await client.patch(WIDGETS, 'b', 'default', 'merge', { spec: { size: 9 } });
    assert.deepEqual(patched.spec, { size: 9 });
    await client.delete(WIDGETS, 'c', 'default');
    const first = await client.list(WIDGETS, { limit: 1 });
    const rest = await client.list(WIDGETS, { limit: 1, continue: first.continue! });
    assert.deepEqual(
      [...first.items, ...rest.items].map((o) => o.metadata.name),
      ['a', 'b'],
    );
    assert.equal(rest.continue, undefined);
    assert.equal(rest.resourceVersion, first.resourceVersion);
    const { query } = fake.server.seen.find((s) => s.verb === 'list')!;
    assert.equal(query.has('resourceVersion'), false, 'the list is consistent');
  });

  it('states the length of a DELETE, so that its preconditions are seen and the connection stays in step', async () => {
    const { client, server } = fake;
    const made = await client.create(WIDGETS, widget('a'), 'default');
    const wrong = { uid: '00000000-0000-4000-8000-000000000000' };
    assert.equal((await settled(client.delete(WIDGETS, 'a', 'default', wrong))).status, 409);
    const { headers, body } = server.seen.at(-1)!;
    assert.equal(headers['content-length'], String(Buffer.byteLength(body)));
    assert.equal(headers['transfer-encoding'], undefined);
    assert.equal((await client.get(WIDGETS, 'a', 'default')).metadata.uid, made.metadata.uid);
    await client.delete(WIDGETS, 'a', 'default', { uid: made.metadata.uid });
    assert.equal((await settled(client.get(WIDGETS, 'a', 'default'))).reason, 'NotFound');
    assert.equal(server.connections, 1, 'one connection is kept');
  });

  it('gives up at the deadline, also before the headers', async () => {
    fake.server.fault = () => 'withhold';
    const asked = settled(fake.client.create(WIDGETS, widget('a'), 'default'));
    await eventually('asked', () => fake.server.seen.length === 1);
    await fake.clock.advance(9_999);
    await fake.clock.advance(1);
    const error = await asked;
    assert.deepEqual([error.status, error.reason], [0, 'Timeout']);
    assert.equal(fake.clock.pending, 0, 'no timer is left');
  });

  it('gives up at the deadline while its credentials are still asked for', async () => {
    fake.credentials.current = () => new Promise(() => {});
    const asked = settled(fake.client.get(WIDGETS, 'a', 'default', { deadlineMs: 2_000 }));
    await fake.clock.advance(2_000);
    assert.equal((await asked).reason, 'Timeout');
  });

  it('tries a read again after 429 and 5xx as the server asks, and never a write', async () => {
    const { client, clock, server } = fake;
    let failures = 2;
    server.fault = () => (failures-- > 0 ? { status: 429, headers: { 'retry-after': '2' } } : undefined);
    const listed = client.list(WIDGETS, {});
    await eventually('asked', () => server.seen.length === 1);
    await turns(200);
    await clock.advance(1_900);
    await turns(200);
    assert.equal(server.seen.length, 1, 'not before the server wants');
    await inTime(clock, 8_000, 'asked again', () => server.seen.length === 3);
    await listed;
    server.fault = () => ({ status: 500 });
    assert.equal((await settled(client.create(WIDGETS, widget('x'), 'default'))).status, 500);
    assert.equal(server.count('create'), 1);
  });

  it('ends reads that fail on and on with what the server said', async () => {
    fake.server.fault = () => ({ status: 503 });
    const failing = settled(fake.client.get(WIDGETS, 'a', 'default'));
    await inTime(fake.clock, 30_000, 'asked 4 times', () => fake.server.seen.length === 4);
    assert.equal((await failing).status, 503);
    const once = settled(fake.client.get(WIDGETS, 'a', 'default', { retry: false }));
    assert.equal((await once).status, 503);
    assert.equal(fake.server.seen.length, 5);
  });

  it('tells why without a credential or a body in what may be logged', async () => {
    const details = {
      retryAfterSeconds: 7,
      causes: [{ reason: 'FieldValueInvalid', field: 'spec.a\nb', message: 'S' }],
    };
    const body = JSON.stringify({ reason: 'Invalid', message: 'SECRET', details });
    fake.server.fault = () => ({ status: 422, body });
    const error = await settled(fake.client.create(WIDGETS, { ...widget('a'), token: 'SECRET' }, 'default'));
    assert.deepEqual([error.status, error.reason, error.code, error.retryAfter], [422, 'Invalid', 'Invalid', 7]);
    assert.deepEqual(error.causes, [{ reason: 'FieldValueInvalid', field: 'spec.a?b' }]);
    const all = `${error.message} ${error.stack} ${JSON.stringify(error)}`;
    assert.doesNotMatch(all, /SECRET|good|Bearer/);
    fake.server.fault = () => ({ status: 500, body: '<html>', headers: { 'content-type': 'text/html' } });
    assert.equal((await settled(fake.client.create(WIDGETS, widget('a'), 'default'))).reason, 'InternalError');
  });

  it('P11: follows no redirect', async () => {
    fake.server.fault = () => ({ status: 307, headers: { location: `${fake.server.url}/elsewhere` } });
    assert.equal((await settled(fake.client.getText('/openid/v1/jwks'))).status, 307);
    assert.equal(fake.server.seen.length, 1);
  });

  it('refuses answers that are too large, or not what was asked for', async () => {
    fake.server.fault = () => ({ status: 200, body: 'x'.repeat(1024 * 1024 + 1) });
    assert.equal((await settled(fake.client.getText('/version'))).reason, 'TooLarge');
    for (const body of ['no json', '7', '{"items": {}}', '{"items": [], "metadata": {}}']) {
      fake.server.fault = () => ({ status: 200, body });
      assert.equal((await settled(fake.client.list(WIDGETS, {}))).reason, 'BadAnswer', body);
    }
  });

  it('an empty list of metadata, which a real API server writes as null, is a list', async () => {
    fake.server.fault = () => ({ status: 200, body: '{"items": null, "metadata": {"resourceVersion": "7"}}' });
    const { items } = await fake.client.list(WIDGETS, { metadataOnly: true });
    assert.deepEqual(items, []);
  });

  it('refuses names that would lead elsewhere', async () => {
    await assert.rejects(fake.client.get(WIDGETS, '..', 'default'), TypeError);
    await assert.rejects(fake.client.get(WIDGETS, '', 'default'), TypeError);
    await assert.rejects(fake.client.delete(WIDGETS, 'a'), TypeError);
    await settled(fake.client.get(WIDGETS, 'a/../../b?x', 'default'));
    assert.match(fake.server.seen[0]!.path, /\/namespaces\/default\/widgets\/a%2F..%2F..%2Fb%3Fx$/);
  });

  it('is given up when its caller says so', async () => {
    fake.server.fault = () => 'withhold';
    const controller = new AbortController();
    const asked = settled(fake.client.list(WIDGETS, {}, { signal: controller.signal }));
    await eventually('asked', () => fake.server.seen.length === 1);
    controller.abort();
    assert.equal((await asked).reason, 'Aborted');
    assert.equal((await settled(fake.client.list(WIDGETS, {}, { signal: controller.signal }))).reason, 'Aborted');
    assert.equal(fake.clock.pending, 0);
  });

  it('asks no more than its rate, in order; watches are not counted', async () => {
    await fake.close();
    fake = await startFake({ rate: { qps: 2, burst: 3 } });
    const { client, clock, server } = fake;
    const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map((n) => client.create(WIDGETS, widget(n), 'default')));
    await eventually('the burst', () => server.seen.length === 3);
    const { signal } = new AbortController();
    const params = { resourceVersion: '1', timeoutSeconds: 60 };
    await client.watch(WIDGETS, params, { signal });
    assert.equal(server.count('create'), 3);
    await clock.advance(500);
    await eventually('the fourth', () => server.count('create') === 4);
    await clock.advance(500);
    await all;
    const order = server.seen.filter((s) => s.verb === 'create').map((s) => JSON.parse(s.body).metadata.name);
    assert.deepEqual(order.slice(3), ['d', 'e'], 'who came first is served first');
  });

  it('reads refused credentials again, once', async () => {
    const { client, credentials, server } = fake;
    server.tokens = new Set(['new']);
    assert.equal((await settled(client.list(WIDGETS, {}))).status, 401);
    assert.deepEqual([credentials.renewals, server.seen.length], [1, 1], 'the same are not shown twice');
    credentials.next = { ...credentials.now, headers: { Authorization: 'Bearer new' } };
    await client.create(WIDGETS, widget('a'), 'default');
    assert.deepEqual([credentials.renewals, server.count('create')], [2, 2]);
  });

  it('trusts a new authority at once, and one that was withdrawn no more, watches included', async () => {
    const { client, credentials, server } = fake;
    const { first, second } = certificates();
    await client.list(WIDGETS, {});
    const watch = await client.watch(
      WIDGETS,
      { resourceVersion: '1', timeoutSeconds: 60 },
      { signal: new AbortController().signal },
    );
    const ended = settled(watch[Symbol.asyncIterator]().next());
    credentials.now = { ...credentials.now, ca: second.cert };
    const refused = await settled(client.list(WIDGETS, {}, { retry: false }));
    assert.match(refused.message, /SELF_SIGNED|UNABLE_TO_VERIFY/);
    assert.equal((await ended).reason, 'NetworkError');
    server.present(second);
    await client.list(WIDGETS, {});
    credentials.now = { ...credentials.now, ca: first.cert };
    await settled(client.list(WIDGETS, {}, { retry: false }));
  });
});
