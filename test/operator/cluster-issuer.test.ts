import assert from 'node:assert/strict';
import { type ClusterIssuerSettings, followClusterIssuer } from '../../src/operator/index.ts';
import { apiFailure } from '../kube/support/memory-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ISSUER, ScriptedClient } from './support.ts';

const DISCOVERY = '/.well-known/openid-configuration';
const signal = new AbortController().signal;

function begin(onText: (path: string) => string, more: Partial<ClusterIssuerSettings> = {}) {
  const client = new ScriptedClient();
  client.onText = onText;
  const clock = new FakeClock();
  let changes = 0;
  const cluster = followClusterIssuer({ client, clock, onChange: () => void changes++, ...more });
  return { client, clock, cluster, changes: () => changes };
}

const document = (issuer: unknown) => JSON.stringify({ issuer, jwks_uri: 'https://elsewhere.example/keys' });

describe("this cluster's issuer", () => {
  it('is what the API server says it is; it is told once, and again when it changes', async () => {
    let issuer = ISSUER;
    const { clock, cluster, changes } = begin(() => document(issuer));
    assert.equal(cluster.issuers(), undefined);
    await clock.advance(0);
    assert.deepEqual(cluster.issuers(), [ISSUER]);
    await clock.advance(300_000);
    assert.equal(changes(), 1);
    issuer = 'https://new.example';
    await clock.advance(60_000);
    assert.deepEqual(cluster.issuers(), ['https://new.example']);
    assert.equal(changes(), 2);
    cluster.close();
    assert.equal(clock.pending, 0);
  });

  it('during a rotation is several: the one that signs and those that the platform team names', async () => {
    const { clock, cluster } = begin(() => document(ISSUER), { others: ['https://old.example', ISSUER] });
    await clock.advance(0);
    assert.deepEqual(cluster.issuers(), [ISSUER, 'https://old.example']);
    cluster.close();
  });

  it('P11: keys come by a fixed path of the API server, wherever its document says that they are', async () => {
    const { clock, cluster, client } = begin((path) => (path === DISCOVERY ? document(ISSUER) : '{"keys":[]}'));
    await clock.advance(0);
    assert.equal(await cluster.read(ISSUER, signal), '{"keys":[]}');
    assert.deepEqual(client.texts, [DISCOVERY, '/openid/v1/jwks']);
    cluster.close();
  });

  it('has no keys for an issuer that is not this cluster’s', async () => {
    const { clock, cluster, client } = begin(() => document(ISSUER));
    await clock.advance(0);
    await assert.rejects(cluster.read('https://evil.example', signal), { code: 'not_this_cluster' });
    assert.deepEqual(client.texts, [DISCOVERY]);
    cluster.close();
  });

  it('is not known while the API server cannot be asked, and asked for every two seconds', async () => {
    let down = true;
    const { clock, cluster } = begin(() => {
      if (down) throw apiFailure(0, 'NetworkError');
      return document(ISSUER);
    });
    await clock.advance(0);
    assert.equal(cluster.issuers(), undefined);
    assert.deepEqual(cluster.problem()?.code, 'unreachable');
    down = false;
    await clock.advance(2_000);
    assert.deepEqual(cluster.issuers(), [ISSUER]);
    assert.equal(cluster.problem(), undefined);
    down = true;
    await clock.advance(60_000);
    assert.deepEqual(cluster.issuers(), [ISSUER], 'what is known stays so');
    cluster.close();
  });

  it('says RBAC missing, and which role would mend it', async () => {
    const { clock, cluster } = begin(() => {
      throw apiFailure(403, 'Forbidden');
    });
    await clock.advance(0);
    assert.match(cluster.problem()?.message ?? '', /^RBAC missing: .*system:service-account-issuer-discovery/);
    cluster.close();
  });

  it('is none where the API server publishes none: other issuers are served all the same', async () => {
    const { clock, cluster } = begin(() => {
      throw apiFailure(404, 'NotFound');
    });
    await clock.advance(0);
    assert.deepEqual(cluster.issuers(), []);
    cluster.close();
  });

  for (const [what, text] of [
    ['no JSON', '<html>'],
    ['no issuer', '{}'],
    ['an issuer that is no string', document(7)],
    ['an issuer of 3 KB', document(`https://${'x'.repeat(3000)}`)],
    ['a list', '[]'],
  ] as const) {
    it(`is not known from a document with ${what}`, async () => {
      const { clock, cluster } = begin(() => text);
      await clock.advance(0);
      assert.equal(cluster.issuers(), undefined);
      assert.equal(cluster.problem()?.code, 'bad_answer');
      cluster.close();
    });
  }
});
