import assert from 'node:assert/strict';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { until } from './cluster/index.ts';
import { AUDIENCE, eventually as answers, exchange, get, SOON } from './serve-support.ts';
import { startWatched, type Watched } from './status-support.ts';

const OURS = 'trustmint-system';
/** Two other clusters, whose keys lie in a ConfigMap each. */
const SPOKES = ['spoke-1', 'spoke-2'] as const;
type Spoke = (typeof SPOKES)[number];

const issuerOf = (spoke: Spoke) => `https://${spoke}.example`;
const policyOf = (spoke: Spoke) => ({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ClusterTrustPolicy',
  metadata: { name: spoke },
  spec: {
    provider: 'oidc',
    issuer: issuerOf(spoke),
    audience: AUDIENCE,
    tenant: spoke,
    keys: { configMapRef: { name: spoke } },
    trustRules: [{ name: 'robots', match: { claims: { sub: 'robot' } }, issue: { ttl: '1h' } }],
  },
});

describe('What a policy refers to', () => {
  let watched: Watched;
  const proofs = new Map<Spoke, string>();
  const sets = new Map<Spoke, string>();

  const configMap = (spoke: Spoke, data: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: spoke, namespace: OURS },
    data,
  });
  const whole = (spoke: Spoke) => configMap(spoke, { 'jwks.json': sets.get(spoke) });
  const inOurs = (...args: string[]) => watched.cluster.kubectl(['-n', OURS, ...args]);
  const condition = (spoke: Spoke, type: string) =>
    watched.cluster.kubectl([
      'get',
      'ctpol',
      spoke,
      '-o',
      `jsonpath={.status.conditions[?(@.type=="${type}")].status} {.status.conditions[?(@.type=="${type}")].reason}`,
    ]);
  const says = async (spoke: Spoke, type: string, wanted: string) => {
    let last = '';
    await until(SOON, async () => {
      last = await condition(spoke, type);
      return last === wanted;
    }).catch(() => assert.equal(last, wanted));
  };
  /** Every replica answers so. */
  const all = async (spoke: Spoke, status: number) => {
    const proof = proofs.get(spoke)!;
    await Promise.all(watched.replicas.map((one) => answers(status, () => exchange(one, proof))));
  };

  before(async () => {
    for (const spoke of SPOKES) {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
      sets.set(spoke, JSON.stringify({ keys: [jwk] }));
      const proof = new SignJWT({ sub: 'robot' }).setProtectedHeader({ alg: 'ES256', kid: 'k' });
      const timed = proof.setIssuer(issuerOf(spoke)).setAudience(AUDIENCE).setIssuedAt().setExpirationTime('30m');
      proofs.set(spoke, await timed.sign(privateKey));
    }
    watched = await startWatched();
    await watched.cluster.apply([...SPOKES.map(whole), ...SPOKES.map(policyOf)]);
    for (const spoke of SPOKES) {
      await all(spoke, 200);
      await says(spoke, 'ResolvedRefs', 'True ResolvedRefs');
    }
  });
  after(() => watched?.stop());

  for (const [what, reason, take] of [
    ['is deleted', 'ConfigMapNotFound', () => inOurs('delete', 'configmap', 'spoke-1')],
    ['loses its key', 'ConfigMapKeyNotFound', () => watched.cluster.apply([configMap('spoke-1', { other: 'x' })])],
    [
      'is edited into nonsense',
      'NotAJWKSet',
      () => watched.cluster.apply([configMap('spoke-1', { 'jwks.json': '{' })]),
    ],
  ] as const) {
    it(`a ConfigMap of keys that ${what}: its keys verify nothing within seconds, the policy says why, and both recover`, async () => {
      const since = performance.now();
      await take();
      await all('spoke-1', 503);
      console.log(`      refused everywhere after ${Math.round(performance.now() - since)} ms`);
      await says('spoke-1', 'ResolvedRefs', `False ${reason}`);
      await says('spoke-1', 'Ready', `False ${reason}`);
      await says('spoke-1', 'Accepted', 'True Accepted');
      const events = await watched.cluster.kubectl(['get', 'events', '-A', '-o', 'json']);
      const told = (JSON.parse(events).items as { reason: string; message: string; involvedObject: { name: string } }[])
        .filter((one) => one.involvedObject.name === 'spoke-1' && one.reason === 'UnresolvedRefs')
        .map(({ message }) => message);
      assert.ok(
        told.some((message) => message.includes(reason) || message.includes('spec.keys.configMapRef')),
        JSON.stringify(told),
      );
      await all('spoke-2', 200);
      await says('spoke-2', 'ResolvedRefs', 'True ResolvedRefs');
      await watched.cluster.apply([whole('spoke-1')]);
      await all('spoke-1', 200);
      await says('spoke-1', 'ResolvedRefs', 'True ResolvedRefs');
      await says('spoke-1', 'Ready', 'True Ready');
    });
  }

  it('keys that are replaced verify nothing more, and the new ones at once', async () => {
    await watched.cluster.apply([configMap('spoke-1', { 'jwks.json': sets.get('spoke-2') })]);
    // The kid is the same, the key is not.
    await all('spoke-1', 401);
    await watched.cluster.apply([whole('spoke-1')]);
    await all('spoke-1', 200);
  });

  it('a right that is taken away stops nothing of what is known, and readiness says so', async () => {
    const rules = JSON.parse(await inOurs('get', 'role', 'trustmint-operator', '-o', 'json'));
    const without = rules.rules.filter((rule: { resources: string[] }) => !rule.resources.includes('configmaps'));
    const patch = (list: unknown) =>
      inOurs('patch', 'role', 'trustmint-operator', '--type=merge', '-p', JSON.stringify({ rules: list }));
    await patch(without);
    try {
      await watched.cluster.apiserver.restart();
      const replica = watched.replicas[0]!;
      let last = '';
      await until(60_000, async () => {
        const { status, body } = await get(`${replica.ops}/readyz?verbose`);
        last = `${status} ${JSON.stringify(body)}`;
        return last.startsWith('200 ') && last.includes('may not list and watch configmaps');
      }).catch(() => assert.match(last, /^200 .*may not list and watch configmaps/));
      await all('spoke-2', 200);
    } finally {
      await patch(rules.rules);
    }
    await says('spoke-2', 'ResolvedRefs', 'True ResolvedRefs');
  });
});
