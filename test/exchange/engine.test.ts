import assert from 'node:assert/strict';
import { agents, RESEARCH, resource, type World, world } from './support.ts';

describe('the engine’s feeds and reports', () => {
  let w: World;
  beforeEach(async () => {
    w = await world([resource('api', { audience: 'api-aud' }), agents([RESEARCH])]);
  });

  it('P39: gives the keys of one resource, which are not those of another', () => {
    const [api, byAudience, other] = ['api', 'api-aud', 'default'].map((name) => {
      const answer = w.engine.keys(name);
      assert.ok('keys' in answer);
      return answer.keys;
    });
    assert.deepEqual(api, byAudience);
    assert.deepEqual(
      api!.map(({ state }) => state),
      ['active'],
    );
    assert.equal(Buffer.from(api![0]!.key, 'base64url').length, 32);
    assert.equal(api![0]!.kid, other![0]!.kid);
    assert.notEqual(api![0]!.key, other![0]!.key);
  });

  it('gives the revocations in force, and says how old the view is that they were made from', () => {
    w.revoke({ by: 'token', value: 'j1' }, { by: 'grant', value: 'g1', tenant: 'acme', issuedBefore: 5, expiresAt: 1 });
    w.view.stale = 42.2;
    const answer = w.engine.revocations('default');
    assert.ok('entries' in answer);
    assert.equal(answer.generatedAt, '2025-12-31T23:59:17.000Z');
    const entry = { by: 'token', value: 'j1', tenant: null, issuedBefore: null, expiresAt: null };
    assert.deepEqual(answer.entries, [entry], 'what expired is gone');
  });

  for (const feed of ['keys', 'revocations'] as const) {
    it(`gives no ${feed} by a view that is too old or not there, and none of no resource`, () => {
      const code = (name = 'default') => {
        const answer = w.engine[feed](name);
        return 'code' in answer ? answer.code : 'ok';
      };
      w.view.stale = 600;
      assert.equal(code(), 'ok');
      w.view.stale = 600.001;
      assert.equal(code(), 'temporarily_unavailable');
      assert.equal(code('nowhere'), 'temporarily_unavailable');
      w.view.stale = 0;
      assert.equal(code('nowhere'), 'invalid_request');
      assert.equal(code('api'), 'ok');
      w.serve(agents([RESEARCH]));
      assert.equal(code('api'), 'invalid_request', 'a resource that is gone');
      w.unserve();
      assert.equal(code(), 'temporarily_unavailable');
    });
  }

  it('P16: reports what is served, why not, and each issuer’s keys with their last success', async () => {
    await w.granted();
    w.view.errors = [{ source: 'bad.yaml:3', code: 'unknown_kind', message: 'kind: unknown kind TrustPolcy' }];
    w.view.stale = 3;
    const report = w.engine.policies();
    assert.equal(report.staleSeconds, 3);
    assert.deepEqual(report.readErrors, w.view.errors);
    assert.deepEqual(
      report.objects.map(({ kind, name, served, rules }) => [kind, name, served, rules]),
      [
        ['ProtectedResource', 'api', true, 0],
        ['TrustPolicy', 'research', true, 1],
      ],
    );
    const [issuer] = report.issuers;
    assert.equal(issuer?.issuer, 'https://kubernetes.default.svc.cluster.local');
    assert.deepEqual([issuer?.source, issuer?.keys, issuer?.error], ['inline', 1, null]);
    assert.equal(issuer?.lastSuccess, '2026-01-01T00:00:00.000Z');
  });

  it('reports of a policy whose tokens would all be dead that it is not Ready, as its status does, until they would not', async () => {
    await w.granted();
    const ready = () => {
      const { uid, conditions } = w.engine.policies().objects.find(({ kind }) => kind === 'TrustPolicy')!;
      const { status, reason } = conditions.find(({ type }) => type === 'Ready')!;
      return { uid, said: `${status} ${reason}` };
    };
    const { uid, said } = ready();
    assert.equal(said, 'True Ready');
    w.revoke({ by: 'policy', value: uid });
    assert.equal(ready().said, 'False TokensRevoked');
    w.revoke({ by: 'policy', value: uid, issuedBefore: 1_000 });
    assert.equal(ready().said, 'True Ready', 'what is given now lives');
  });

  describe('readiness', () => {
    const failing = () => w.engine.readiness().flatMap(({ name, ok }) => (ok ? [] : [name]));

    it('needs a first good read and a fresh view', () => {
      assert.deepEqual(failing(), []);
      w.view.stale = 600;
      assert.deepEqual(failing(), []);
      w.view.stale = 601.9;
      assert.deepEqual(failing(), ['freshness']);
      const freshness = w.engine.readiness().find(({ name }) => name === 'freshness');
      assert.equal(
        freshness?.message,
        'TrustPolicy (the oldest kind): no sign of life for 601 s; exchanges and the feed have stopped; verifying stops after 1800 s',
      );
      w.unserve();
      w.view.stale = Number.POSITIVE_INFINITY;
      assert.deepEqual(failing(), ['policies', 'freshness']);
    });

    it('goes on through a failed read, which it states', () => {
      w.view.errors = [{ source: 'bad.yaml:3', code: 'bad_yaml', message: 'unexpected end' }];
      assert.deepEqual(failing(), []);
      const policies = w.engine.readiness().find(({ name }) => name === 'policies');
      assert.equal(policies?.message, 'bad.yaml:3: unexpected end (bad_yaml)');
    });

    it('asks whoever else was named', async () => {
      const sick = await world([agents([RESEARCH])], { checks: () => [{ name: 'keys', ok: false, message: 'gone' }] });
      assert.ok(sick.engine.readiness().some(({ name, ok }) => name === 'keys' && !ok));
    });
  });
});
