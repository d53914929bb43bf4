import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { apiFailure, type Call } from '../../kube/support/memory-client.ts';
import { CONFIG_MAPS, NAMESPACE, SECRET, World } from './support.ts';

const DAY = 86_400_000;

describe('the keeper of our certificates, where something is in its way', () => {
  let w: World;
  beforeEach(async () => {
    w = await World.create();
  });
  afterEach(() => w.close());

  it('while a clock is wrong it makes, renews and writes nothing; what is stored it serves', async () => {
    const wrong = w.keeper({ clockIsWrong: () => true });
    await w.pass(20_000, () => w.logged.length > 0);
    assert.equal(wrong.check().ok, false);
    assert.match(wrong.check().message!, /a clock that may be wrong/);
    assert.equal(w.writes().length, 0);
    const right = w.keeper();
    await w.looked(right);
    await w.pass(10_000, w.same);
    w.clock.jump(w.clock.now() + 61 * DAY);
    await right.close();
    const before = w.writes().length;
    w.server.objects.delete(SECRET);
    for (let i = 0; i < 10; i++) await w.clock.advance(10_000);
    assert.equal(w.writes().length, before);
    assert.equal(wrong.current()!.cert, right.current()!.cert);
  });

  it('a ConfigMap that is emptied is filled again; one that is not there is told, and filled when it is', async () => {
    const one = w.keeper({ namespaces: [NAMESPACE, 'agents', 'later'] });
    await w.looked(one);
    await w.pass(0, () => one.check().message !== undefined);
    assert.equal(one.check().ok, true);
    assert.match(one.check().message!, /there is no ConfigMap later\/trustmint-ca: make it, empty, and it is filled/);
    await w.client.create(CONFIG_MAPS, { metadata: { name: 'trustmint-ca' } }, 'later');
    const emptied = await w.client.get(CONFIG_MAPS, 'trustmint-ca', 'agents');
    await w.client.replace(CONFIG_MAPS, { ...emptied, data: {} }, 'trustmint-ca', 'agents');
    await w.pass(40_000, async () => (await w.bundle('agents')) !== '' && (await w.bundle('later')) !== '');
    assert.ok((await w.accepted(one, 'later')) && (await w.accepted(one)));
    assert.deepEqual(one.check(), { name: 'tls', ok: true });
    assert.equal(w.logged.filter((line) => line.includes('there is no ConfigMap')).length, 1, 'told once');
  });

  it('without the right to fill one ConfigMap the others are filled, and it says what is missing', async () => {
    const forbid = ({ verb, plural, namespace }: Call) => {
      if (verb === 'replace' && plural === 'configmaps' && namespace === 'agents') throw apiFailure(403, 'Forbidden');
    };
    const one = w.keeper({ faults: { before: forbid }, namespaces: ['agents', NAMESPACE] });
    await w.looked(one);
    await w.pass(0, async () => (await w.bundle(NAMESPACE)) !== '');
    assert.match(one.check().message!, /ConfigMap agents\/trustmint-ca cannot be filled: RBAC missing/);
  });

  it('without the right to read or write the Secret it says which, and gets going when it has it', async () => {
    for (const verb of ['get', 'create'] as const) {
      let forbidden = true;
      const forbid = (call: Call) => {
        if (forbidden && call.verb === verb && call.plural === 'secrets') throw apiFailure(403, 'Forbidden');
      };
      const one = w.keeper({ faults: { before: forbid } });
      await w.pass(10_000, () => one.check().message !== 'not read yet');
      assert.equal(one.check().ok, false);
      const shown = verb === 'get' ? 'read' : 'create';
      assert.equal(one.check().message, `cannot ${shown} Secret trustmint-tls: RBAC missing`);
      forbidden = false;
      await w.clock.advance(10_000);
      await w.looked(one);
      await one.close();
      w.server.objects.delete(SECRET);
    }
  });

  it('while the API server is away it serves what it has, and says until when that will do', async () => {
    let away = false;
    const cut = () => {
      if (away) throw apiFailure(0, 'NetworkError');
    };
    const one = w.keeper({ faults: { before: cut } });
    await w.looked(one);
    const cert = one.current()!.cert;
    away = true;
    w.clock.jump(w.clock.now() + 61 * DAY);
    await w.pass(10_000, () => one.check().message !== undefined);
    assert.equal(one.check().ok, true);
    assert.match(one.check().message!, /NetworkError; the certificate that is served expires at 2026-04-01T/);
    assert.equal(one.current()!.cert, cert);
    away = false;
    await w.pass(10_000, () => one.current()!.cert !== cert);
  });

  it('of an answer that got lost the truth is read', async () => {
    let lost = true;
    const lose = ({ verb }: Call) => {
      if (verb === 'create' && lost) {
        lost = false;
        throw apiFailure(0, 'Timeout');
      }
    };
    const one = w.keeper({ faults: { after: lose } });
    await w.pass(0, () => !lost);
    await w.clock.advance(10_000);
    await w.looked(one);
    assert.equal(Buffer.from(w.dataOf()!['tls.crt']!, 'base64').toString(), one.current()!.cert);
    assert.equal(w.writes().length, 1);
  });

  it('says nothing private to whoever inspects it', async () => {
    const one = w.keeper();
    await w.looked(one);
    assert.doesNotMatch(inspect(one, { depth: 9, showHidden: true }), /PRIVATE KEY/);
    assert.doesNotMatch(await w.bundle('agents'), /PRIVATE KEY/);
  });
});
