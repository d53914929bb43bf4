import assert from 'node:assert/strict';
import { type ConfigMaps, createConfigMaps } from '../../src/operator/config-maps.ts';
import { type Fake, startFake } from '../kube/support/fake.ts';
import { eventually, inTime, pass } from '../kube/support/io.ts';
import { steady } from '../kube/support/settle.ts';
import { jwk, jwks } from '../proof/issuer-keys/support.ts';
import { OPENSSL } from '../support/certificates.ts';

const COLLECTION = '/configmaps';
const OURS = 'trustmint-system';
const SET = jwks(jwk('one'));

describe('ConfigMaps of keys', () => {
  let fake: Fake;
  let maps: ConfigMaps;
  let changed: string[];
  before(function () {
    if (!OPENSSL) this.skip();
  });
  beforeEach(async () => {
    fake = await startFake();
    changed = [];
    const { client, clock } = fake;
    maps = createConfigMaps({
      client,
      clock,
      random: steady(0.5),
      namespace: OURS,
      onChange: (name) => changed.push(name),
    });
  });
  afterEach(async () => {
    await maps.stop();
    assert.equal(fake.clock.pending, 0, 'no timer is left');
    await fake.close();
  });

  const put = (name: string, data?: Record<string, unknown>, namespace = OURS) =>
    fake.server.store.put(COLLECTION, { metadata: { name, namespace }, ...(data && { data }) });
  const read = (name: string, key: string) => maps.read(name, key, new AbortController().signal);
  const code = (name: string, key = 'jwks.json') => maps.faultOf(name, key)?.code;
  const started = async () => {
    maps.start();
    await eventually('watched', () => fake.server.watches.open > 0);
  };

  it('says why a reference leads to no keys, and that it does again, as it happens', async () => {
    put('good', { 'jwks.json': SET });
    put('good', { 'jwks.json': SET }, 'elsewhere');
    put('bad', { 'jwks.json': 'no JSON', 'other.json': '{"keys":{}}', large: ' '.repeat(300_000) + SET, n: 7 });
    put('empty');
    await started();
    assert.deepEqual([...changed].sort(), ['bad', 'empty', 'good']);
    assert.equal(code('good'), undefined);
    assert.equal(code('absent'), 'ConfigMapNotFound');
    for (const key of ['jwks.json', 'other.json', 'large', 'n']) assert.equal(code('bad', key), 'NotAJWKSet', key);
    for (const key of ['jwks.json', '__proto__', 'constructor'])
      assert.equal(code('empty', key), 'ConfigMapKeyNotFound');
    changed.length = 0;
    fake.server.store.remove(COLLECTION, OURS, 'good');
    await eventually('gone', () => code('good') === 'ConfigMapNotFound');
    put('good', { 'jwks.json': SET });
    await eventually('back', () => code('good') === undefined);
    assert.deepEqual(changed, ['good', 'good']);
    put('good', { 'jwks.json': SET });
    put('last', {});
    await eventually('seen', () => changed.includes('last'));
    assert.deepEqual(changed, ['good', 'good', 'last'], 'what is the same is no change');
    assert.match(maps.faultOf('absent', 'k')!.message, /^there is no ConfigMap trustmint-system\/absent$/);
  });

  it('are read from what is followed, without a request', async () => {
    put('good', { 'jwks.json': SET, note: 'hello' });
    await started();
    assert.equal(await read('good', 'jwks.json'), SET);
    assert.equal(await read('good', 'absent'), undefined);
    assert.equal(await read('absent', 'jwks.json'), undefined);
    assert.equal(await read('good', 'note'), '', 'what is no JWK Set is not kept');
    assert.equal(fake.server.count('get'), 0);
  });

  it('are asked for where they may not be followed, which is said and never fails', async () => {
    put('good', { 'jwks.json': SET });
    fake.server.fault = ({ verb }) => (verb === 'list' ? { status: 403, reason: 'Forbidden' } : undefined);
    maps.start();
    await eventually('told', () => maps.check().message !== undefined);
    assert.deepEqual(maps.check(), {
      name: 'configmaps',
      ok: true,
      message: 'RBAC missing: may not list and watch configmaps here',
    });
    assert.equal(await read('good', 'jwks.json'), SET);
    assert.equal(await read('good', 'absent'), undefined);
    assert.equal(await read('absent', 'jwks.json'), undefined);
    assert.equal(code('absent'), undefined, 'nothing is said of what is not known');
    fake.server.fault = ({ verb }) => (verb === 'list' ? undefined : { status: 403, reason: 'Forbidden' });
    await assert.rejects(read('good', 'jwks.json'), { status: 403 });
  });

  it('stay known while the API server is gone, and are asked for again after two minutes', async () => {
    put('good', { 'jwks.json': SET });
    await started();
    fake.server.fault = () => ({ status: 500 });
    fake.server.watches.cut();
    await pass(fake.clock, 60_000);
    assert.equal(await read('good', 'jwks.json'), SET);
    await pass(fake.clock, 70_000);
    const failed = read('good', 'jwks.json').then(
      () => 'read',
      () => 'failed',
    );
    let answer: string | undefined;
    failed.then((value) => {
      answer = value;
    });
    await inTime(fake.clock, 30_000, 'an answer', () => answer !== undefined);
    assert.equal(answer, 'failed', 'whoever has keys keeps them');
    assert.equal(code('good'), undefined);
    assert.equal(code('absent'), 'ConfigMapNotFound', 'as it was');
    fake.server.fault = undefined;
    await inTime(fake.clock, 60_000, 'followed', () => fake.server.watches.open > 0);
    assert.equal(await read('good', 'jwks.json'), SET);
  });
});
