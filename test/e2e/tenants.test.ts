import assert from 'node:assert/strict';
import { API_VERSION } from '../../src/api/v1alpha1/index.ts';
import { type Cluster, install, OPERATOR, type Operator, startCluster, startOperator, until } from './cluster/index.ts';

type Options = { kubeconfig: string; input?: string };

const policy = (kind: string, namespace: string | undefined, name: string, spec: object) => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, ...(namespace !== undefined && { namespace }) },
  spec,
});
const trusting = (match: object, more: object = {}) => ({
  provider: 'kubernetes',
  audience: 'satgate',
  trustRules: [{ name: 'r', match, issue: { ttl: '1h' } }],
  ...more,
});

describe('Tenants in a real cluster', () => {
  let cluster: Cluster;
  let operator: Operator;
  let editor: string;
  before(async () => {
    // Aggregating roles is a controller's work.
    cluster = await startCluster({ controllerManager: true });
    await install(cluster);
    const accounts = ['team-a', 'team-b'].flatMap((namespace) => [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'worker', namespace } },
    ]);
    await cluster.apply(accounts);
    const bind = ['create', 'rolebinding', 'editors', '--clusterrole=edit', '--group=team-a:editors', '-n', 'team-a'];
    await cluster.kubectl(bind);
    editor = await cluster.kubeconfigFor({ user: 'ed', groups: ['team-a:editors'] });
    await until(30_000, async () => (await can(editor, 'create', 'trustpolicies', '-n', 'team-a')) === 'yes');
    operator = await startOperator(cluster);
    await operator.ready();
  });
  after(() => cluster?.stop());

  const tries = (manifest: object, kubeconfig: string) =>
    cluster.tryKubectl(['apply', '-f', '-'], { kubeconfig, input: JSON.stringify(manifest) });
  const can = async (kubeconfig: string, ...args: string[]) =>
    (await cluster.tryKubectl(['auth', 'can-i', ...args], { kubeconfig })).out.trim();

  /** The answer to an exchange of the token of an account named worker. */
  async function exchange(namespace: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const proof = await cluster.token({ namespace, serviceAccount: 'worker', audience: 'satgate' });
    const headers = { authorization: `Bearer ${proof}` };
    const answer = await fetch(`${operator.url}/api/mint/exchange`, { method: 'POST', headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** Asks until the answer is the one wanted, or for 10 s; returns the last one. */
  async function eventually(namespace: string, status: number) {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const answer = await exchange(namespace);
      if (answer.status === status || performance.now() > deadline) return answer;
    }
  }

  describe('an editor of a namespace', () => {
    it('writes its TrustPolicies, and its own accounts get tokens of its own tenant', async () => {
      const applied = await tries(
        policy('TrustPolicy', 'team-a', 'own', trusting({ serviceAccount: 'worker' })),
        editor,
      );
      assert.equal(applied.code, 0, applied.err);
      const { status, body } = await eventually('team-a', 200);
      assert.equal(status, 200, JSON.stringify(body));
      assert.ok((body.caveats as string[]).includes('tenant = team-a'));
      assert.match(await cluster.kubectl(['get', 'tpol', '-n', 'team-a'], { kubeconfig: editor }), /^own /m);
    });

    it('writes nothing else of Trustmint, and none of it elsewhere', async () => {
      for (const manifest of [
        policy('TrustPolicy', 'team-b', 'own', trusting({ serviceAccount: 'worker' })),
        policy('ClusterTrustPolicy', undefined, 'own', trusting({ namespace: 'team-a' })),
        policy('ProtectedResource', undefined, 'own', { audience: 'own' }),
        policy('TokenRevocation', 'team-a', 'own', { token: 'own' }),
      ]) {
        const { code, err } = await tries(manifest, editor);
        assert.notEqual(code, 0, `${manifest.kind} was accepted`);
        assert.match(err, /Forbidden/);
      }
      assert.equal(await can(editor, 'patch', 'trustpolicies', '--subresource=status', '-n', 'team-a'), 'no');
      assert.equal(await can(editor, 'get', 'secrets', '-n', OPERATOR.namespace), 'no');
    });

    it('P47: a TrustPolicy that names another namespace, issuer or key is held, and never mints', async () => {
      const keys = { jwksUrl: 'https://keys.example/jwks' };
      for (const [name, spec] of Object.entries({
        'other-namespace': trusting({ namespace: 'team-b', serviceAccount: 'worker' }),
        everywhere: trusting({ namespace: '**', serviceAccount: 'worker' }),
        'other-issuer': trusting({ serviceAccount: 'worker' }, { issuer: 'https://elsewhere.example' }),
        'other-keys': trusting({ serviceAccount: 'worker' }, { issuer: 'https://elsewhere.example', keys }),
        'other-provider': {
          provider: 'oidc',
          issuer: 'https://idp.example',
          audience: 'satgate',
          trustRules: [{ name: 'r', match: { claims: { sub: 's' } }, issue: { ttl: '1h' } }],
        },
      })) {
        const { code, err } = await tries(policy('TrustPolicy', 'team-a', name, spec), editor);
        assert.equal(code, 0, err);
      }
      // What was applied after them is served, so that they have been read.
      await cluster.apply([policy('TrustPolicy', 'team-b', 'later', trusting({ serviceAccount: 'later' }))]);
      await cluster.apply([
        { ...{ apiVersion: 'v1', kind: 'ServiceAccount' }, metadata: { name: 'later', namespace: 'team-b' } },
      ]);
      await until(10_000, async () => operator.process.log(10_000).includes('team-b/later'));
      assert.equal((await exchange('team-b')).status, 403);
      assert.equal((await exchange('team-a')).body.policy, 'team-a/own');
      const log = operator.process.log(10_000);
      for (const name of ['other-namespace', 'everywhere', 'other-issuer', 'other-keys', 'other-provider']) {
        assert.match(log, new RegExp(`team-a/${name}\\b`), 'the log says why it is not served');
      }
    });
  });

  describe('labels trustmint.dev/* of a namespace', () => {
    let creator: Options;
    before(async () => {
      await cluster.kubectl([
        'create',
        'clusterrole',
        'namespaces',
        '--verb=*',
        '--resource=namespaces,namespaces/status',
      ]);
      await cluster.kubectl(['create', 'clusterrolebinding', 'namespaces', '--clusterrole=namespaces', '--user=nora']);
      creator = { kubeconfig: await cluster.kubeconfigFor({ user: 'nora' }) };
    });
    const FORBIDDEN = /labels trustmint\.dev\/\* of a namespace are the platform team's/;
    const refused = async (args: readonly string[], options: Options = creator) => {
      const { code, err } = await cluster.tryKubectl(args, options);
      assert.notEqual(code, 0, `accepted: ${args.join(' ')}`);
      assert.match(err, FORBIDDEN);
    };
    const namespace = (name: string, labels: object) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });

    it('are not for whoever may write namespaces: at creation, later, through the status, or to take away', async () => {
      await refused(['create', '-f', '-'], { ...creator, input: namespace('x', { 'trustmint.dev/tenant': 'acme' }) });
      await cluster.kubectl(['create', '-f', '-'], { ...creator, input: namespace('x', { team: 'x' }) });
      await refused(['label', 'namespace', 'x', 'trustmint.dev/tenant=acme']);
      const patch = '{"metadata":{"labels":{"trustmint.dev/tenant":"acme"}}}';
      await refused(['patch', 'namespace', 'x', '--subresource=status', '--type=merge', '-p', patch]);
      await cluster.kubectl(['label', 'namespace', 'x', 'team=y', '--overwrite'], creator);
      await cluster.kubectl(['label', 'namespace', 'x', 'trustmint.dev/tenant=acme']);
      await refused(['label', 'namespace', 'x', 'trustmint.dev/tenant=other', '--overwrite']);
      await refused(['label', 'namespace', 'x', 'trustmint.dev/tenant-']);
      await refused(['label', 'namespace', 'x', 'trustmint.dev/agent-registry=true']);
      await cluster.kubectl(['label', 'namespace', 'x', 'team=z', '--overwrite'], creator);
      assert.equal(
        await cluster.kubectl(['delete', 'namespace', 'x', '--wait=false'], creator),
        'namespace "x" deleted\n',
      );
    });

    it('are for whoever may update ClusterTrustPolicies', async () => {
      const role = ['--verb=update', '--resource=clustertrustpolicies.trustmint.dev'];
      await cluster.kubectl(['create', 'clusterrole', 'platform', ...role]);
      for (const name of ['platform', 'namespaces']) {
        await cluster.kubectl(['create', 'clusterrolebinding', `pia-${name}`, `--clusterrole=${name}`, '--user=pia']);
      }
      const platform = { kubeconfig: await cluster.kubeconfigFor({ user: 'pia' }) };
      const input = namespace('y', { 'trustmint.dev/tenant': 'acme' });
      await cluster.kubectl(['create', '-f', '-'], { ...platform, input });
      await cluster.kubectl(['label', 'namespace', 'y', 'trustmint.dev/tenant-'], platform);
    });
  });

  it('P46: the operator reads its kinds and labels everywhere, and no Secret or ConfigMap but in its own namespace', async () => {
    const mine = ['-n', OPERATOR.namespace];
    for (const args of [
      ['watch', 'trustpolicies', '-A'],
      ['watch', 'namespaces'],
      ['create', 'tokenreviews'],
      ['get', 'secrets/trustmint-keys', ...mine],
      ['get', 'configmaps', ...mine],
    ]) {
      assert.equal(await can(operator.kubeconfig, ...args), 'yes', args.join(' '));
    }
    for (const args of [
      ['get', 'secrets/trustmint-keys', '-n', 'team-a'],
      ['get', 'secrets/another', ...mine],
      ['list', 'secrets', ...mine],
      ['list', 'secrets', '-A'],
      ['get', 'configmaps', '-n', 'team-a'],
      ['get', 'pods', '-A'],
      ['create', 'serviceaccounts', '--subresource=token', '-A'],
      ['create', 'trustpolicies', '-A'],
      ['update', 'namespaces'],
      ['impersonate', 'users'],
    ]) {
      assert.equal(await can(operator.kubeconfig, ...args), 'no', args.join(' '));
    }
  });
});
