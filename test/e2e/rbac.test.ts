import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type Cluster, install, OPERATOR, startCluster } from './cluster/index.ts';
import { KINDS, mayDo, namespaceOf, people, samples } from './people.ts';

const ROOT = join(import.meta.dirname, '../..');
describe('Rights in a real cluster', () => {
  let cluster: Cluster;
  let who: Awaited<ReturnType<typeof people>>;
  before(async () => {
    // Aggregating roles and ending namespaces is a controller's work.
    cluster = await startCluster({ controllerManager: true });
    await install(cluster);
    who = await people(cluster);
  });
  after(() => cluster?.stop());

  const can = (kubeconfig: string, ...args: string[]) => mayDo(cluster, kubeconfig, args);
  const applies = (manifest: object, kubeconfig: string) =>
    cluster.tryKubectl(['apply', '-f', '-'], { kubeconfig, input: JSON.stringify(manifest) });

  for (const name of ['editor', 'admin'] as const) {
    it(`an ${name} of a namespace applies, edits and deletes its TrustPolicies, and no other kind, not even there`, async () => {
      for (const manifest of samples('team-a')) {
        const { code, err } = await applies(manifest, who[name]);
        if (manifest.kind === 'TrustPolicy') assert.equal(code, 0, err);
        else assert.match(err, /Forbidden.*cannot (get|create)/s, `${manifest.kind} was accepted`);
      }
      const own = { kubeconfig: who[name] };
      const patch = ['-n', 'team-a', 'patch', 'tpol', 'sample', '--type=merge', '-p'];
      await cluster.kubectl([...patch, '{"spec":{"state":"Suspended"}}'], own);
      const status = [...patch, '{"status":{"phase":"Active"}}', '--subresource=status'];
      assert.match((await cluster.tryKubectl(status, own)).err, /Forbidden/);
      await cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'sample'], own);
      assert.match((await applies(samples('team-b')[0]!, who[name])).err, /Forbidden/);
    });
  }

  it('a viewer of a namespace sees what is in it, and writes nothing', async () => {
    assert.ok(await can(who.viewer, 'list', 'trustpolicies', '-n', 'team-a'));
    assert.ok(await can(who.viewer, 'list', 'tokenrevocations', '-n', 'team-a'));
    assert.ok(!(await can(who.viewer, 'list', 'trustpolicies', '-n', 'team-b')));
    for (const kind of KINDS) assert.ok(!(await can(who.viewer, 'create', kind, '-n', 'team-a')), kind);
  });

  it('the platform team and its GitOps account write every kind everywhere, but no status', async () => {
    for (const kubeconfig of [who.platform, who.gitops]) {
      for (const manifest of samples('team-b')) {
        const { code, err } = await applies(manifest, kubeconfig);
        assert.equal(code, 0, err);
      }
      for (const kind of KINDS) assert.ok(!(await can(kubeconfig, 'patch', kind, '--subresource=status', '-A')), kind);
    }
  });

  it('explaining is a right of its own, for the whole cluster: no editor or viewer has it', async () => {
    const explain = ['explain', 'trustpolicies.trustmint.dev', '-A'];
    assert.ok(await can(who.explainer, ...explain));
    for (const name of ['viewer', 'editor', 'admin'] as const) assert.ok(!(await can(who[name], ...explain)), name);
  });

  describe('labels trustmint.dev/* of a namespace', () => {
    const REFUSED = /labels trustmint\.dev\/\* of a namespace are the platform team's/;
    const tenant = { 'trustmint.dev/tenant': 'acme' };

    it('are not written through finalize or server-side apply either, nor by replacing the namespace', async () => {
      const creator = { kubeconfig: who.creator };
      await cluster.kubectl(['create', 'namespace', 'doors'], creator);
      const labelled = namespaceOf('doors', tenant);
      const raw = ['replace', '--raw', '/api/v1/namespaces/doors/finalize', '-f', '-'];
      const ways: [string[], string][] = [
        [raw, labelled],
        [['apply', '--server-side', '-f', '-'], labelled],
        [['replace', '-f', '-'], labelled],
        [
          [
            'patch',
            'namespace',
            'doors',
            '--type=json',
            '-p',
            '[{"op":"add","path":"/metadata/labels/trustmint.dev~1tenant","value":"acme"}]',
          ],
          '',
        ],
      ];
      for (const [args, input] of ways) {
        const { code, err } = await cluster.tryKubectl(args, { ...creator, input });
        assert.notEqual(code, 0, `accepted: ${args.join(' ')}`);
        assert.match(err, REFUSED, args.join(' '));
      }
      const labels = await cluster.kubectl(['get', 'namespace', 'doors', '-o', 'jsonpath={.metadata.labels}']);
      assert.doesNotMatch(labels, /trustmint/);
    });

    it('are set by the platform team and its GitOps account, and do not hinder a namespace from ending', async () => {
      for (const [name, kubeconfig] of [
        ['by-person', who.platform],
        ['by-gitops', who.gitops],
      ] as const) {
        await cluster.kubectl(['create', '-f', '-'], { kubeconfig, input: namespaceOf(name, tenant) });
        await cluster.kubectl(['delete', 'namespace', name, '--timeout=60s'], { kubeconfig: who.creator });
      }
    });

    it('are not for an editor of the namespace, nor for the operator', async () => {
      for (const name of ['editor', 'admin', 'operator'] as const)
        assert.ok(!(await can(who[name], 'update', 'namespaces')), name);
    });
  });

  describe('P46: the operator', () => {
    /** Everything that its roles give, read from the manifest: nothing creeps in without this list being changed. */
    it('has these rights and no more', () => {
      const documents = parseAllDocuments(readFileSync(join(ROOT, 'config/rbac/operator.yaml'), 'utf8'));
      const roles = documents.map((document) => document.toJS() as Manifest).filter(({ rules }) => rules);
      const rights = roles.flatMap(({ kind, rules = [] }) =>
        rules.flatMap(({ apiGroups, resources, resourceNames = [], verbs }) =>
          resources.map((resource) =>
            [kind, apiGroups.join(), resource, ...resourceNames, verbs.join(' ')].join(' | '),
          ),
        ),
      );
      assert.deepEqual(
        rights.toSorted(),
        [
          'ClusterRole |  | namespaces | get list watch',
          'ClusterRole | authentication.k8s.io | tokenreviews | create',
          'ClusterRole | authorization.k8s.io | subjectaccessreviews | create',
          'ClusterRole | events.k8s.io | events | create patch',
          ...KINDS.map((kind) => `ClusterRole | trustmint.dev | ${kind} | get list watch`),
          ...KINDS.map((kind) => `ClusterRole | trustmint.dev | ${kind}/status | patch`),
          'ClusterRole | trustmint.dev | trustpolicies | patch',
          'ClusterRole | trustmint.dev | clustertrustpolicies | patch',
          'ClusterRole | trustmint.dev | agentregistrations | patch',
          'ClusterRole | trustmint.dev | tokenrevocations | delete',
          'Role |  | configmaps | get list watch',
          'Role |  | configmaps | trustmint-ca | get update',
          'Role |  | secrets | create',
          'Role |  | secrets | trustmint-keys | trustmint-tls | get update',
          'Role | coordination.k8s.io | leases | create',
          'Role | coordination.k8s.io | leases | trustmint | get update patch',
          'Role | trustmint.dev | tokenrevocations | create',
        ].toSorted(),
      );
    });

    it('is refused, by the API server, what would make it worth attacking', async () => {
      const own = OPERATOR.namespace;
      await cluster.kubectl(['-n', own, 'create', 'secret', 'generic', 'other', '--from-literal=a=b']);
      const kubeconfig = who.operator;
      for (const args of [
        ['-n', own, 'get', 'secret', 'other'],
        ['-n', own, 'get', 'secrets'],
        ['-n', own, 'delete', 'secret', 'trustmint-keys'],
        ['get', 'secrets', '-A'],
        ['-n', 'team-a', 'get', 'configmaps'],
        ['get', 'pods', '-A'],
        ['get', 'serviceaccounts', '-A'],
        ['-n', 'team-a', 'create', 'token', 'default'],
        ['-n', 'team-b', 'delete', 'tpol', 'sample'],
        ['-n', 'team-b', 'annotate', 'tpol', 'sample', 'a=b'],
        ['label', 'namespace', 'team-a', 'trustmint.dev/tenant=x'],
        ['get', 'namespaces', '--as=system:admin'],
        ['create', 'clusterrolebinding', 'x', '--clusterrole=cluster-admin', '--user=x'],
      ]) {
        const { code, err } = await cluster.tryKubectl(args, { kubeconfig });
        assert.notEqual(code, 0, `allowed: ${args.join(' ')}`);
        assert.match(err, /Forbidden|forbidden/, args.join(' '));
      }
    });

    it('creates its own Secrets and Lease, and none of another name: not Helm’s record of a release, for one', async () => {
      const create = (kind: string, metadata: object, namespace: string = OPERATOR.namespace) =>
        cluster.tryKubectl(['-n', namespace, 'create', '--dry-run=server', '-f', '-'], {
          kubeconfig: who.operator,
          input: JSON.stringify({ apiVersion: kind === 'Lease' ? 'coordination.k8s.io/v1' : 'v1', kind, metadata }),
        });
      for (const [kind, name] of [
        ['Secret', 'trustmint-keys'],
        ['Secret', 'trustmint-tls'],
        ['Lease', 'trustmint'],
      ] as const) {
        const { code, err } = await create(kind, { name });
        assert.equal(code, 0, `${kind} ${name}: ${err}`);
      }
      for (const [kind, metadata] of [
        ['Secret', { name: 'sh.helm.release.v1.trustmint.v2' }],
        ['Secret', { name: 'trustmint' }],
        ['Secret', { generateName: 'trustmint-keys' }],
        ['Lease', { name: 'trustmint-keys' }],
        ['Lease', { generateName: 'trustmint' }],
      ] as const)
        assert.match((await create(kind, metadata)).err, /the operator creates its own/, JSON.stringify(metadata));
    });

    it('changes nothing of a policy but its own finalizer', async () => {
      await cluster.apply([samples('team-a')[0]!]);
      const patch = (...operations: object[]) => {
        const args = ['-n', 'team-a', 'patch', 'tpol', 'sample', '--type=json', '-p', JSON.stringify(operations)];
        return cluster.tryKubectl(args, { kubeconfig: who.operator });
      };
      const ours = 'trustmint.dev/revocation';
      assert.equal((await patch({ op: 'add', path: '/metadata/finalizers', value: [ours] })).code, 0);
      for (const operation of [
        { op: 'replace', path: '/spec/audience', value: 'mine' },
        { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
        { op: 'add', path: '/metadata/annotations/x', value: 'y' },
        { op: 'add', path: '/metadata/finalizers/-', value: 'example.com/theirs' },
        {
          op: 'add',
          path: '/metadata/ownerReferences',
          value: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'y' }],
        },
      ])
        assert.match((await patch(operation)).err, /the operator changes its own finalizer/, JSON.stringify(operation));
      assert.equal((await patch({ op: 'remove', path: '/metadata/finalizers/0' })).code, 0);
    });

    it('may ask for the keys of this cluster’s tokens, and only that of what is no resource', async () => {
      for (const path of ['/.well-known/openid-configuration', '/openid/v1/jwks'])
        assert.match(await cluster.kubectl(['get', '--raw', path], { kubeconfig: who.operator }), /^\{/);
      assert.match(
        (await cluster.tryKubectl(['get', '--raw', '/metrics'], { kubeconfig: who.operator })).err,
        /forbidden/i,
      );
    });
  });
});

interface Manifest {
  readonly kind: string;
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}
