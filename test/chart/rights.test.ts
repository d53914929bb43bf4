import assert from 'node:assert/strict';
import { CI, describeChart, find, type Manifest, NAMESPACE, named, render, renderCi } from './support.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const isRole = ({ kind }: Manifest) => kind === 'Role' || kind === 'ClusterRole';
const isBinding = ({ kind }: Manifest) => kind === 'RoleBinding' || kind === 'ClusterRoleBinding';

/** As `trustmint.dev/trustpolicies patch`, or with names: `secrets(trustmint-keys) get`. */
function rightsOf(role: Manifest): string[] {
  return (role.rules as Rule[]).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => {
          const of = resourceNames ? `(${resourceNames.join()})` : '';
          return `${group ? `${group}/` : ''}${resource}${of} ${verb}`;
        }),
      ),
    ),
  );
}

/** What an account has in a namespace, or (none given) in the whole cluster, by the roles of the chart. */
function has(all: readonly Manifest[], account: string, namespace?: string): string[] {
  return all
    .filter(isBinding)
    .filter((one) => one.metadata.namespace === namespace)
    .filter((one) => one.subjects.some((s: { name: string; namespace: string }) => s.name === account))
    .flatMap(({ roleRef }) => all.filter((one) => one.kind === roleRef.kind && one.metadata.name === roleRef.name))
    .filter((role) => role.kind === 'ClusterRole' || role.metadata.namespace === namespace)
    .flatMap(rightsOf)
    .toSorted();
}

/** What lies in namespaces. */
const NAMESPACED = /^trustmint\.dev\/(trustpolicies|agentregistrations|tokenrevocations)|events/;

describeChart('P46: the rights that the chart gives', () => {
  for (const name of CI) {
    it(`${name}: no rule has a wildcard, gives rights on, or reads Secrets but by name; none says the same twice`, async () => {
      for (const role of (await renderCi(name)).filter(isRole)) {
        const rights = rightsOf(role);
        assert.equal(new Set(rights).size, rights.length, named(role));
        for (const right of rights) {
          assert.doesNotMatch(right, /\*/, named(role));
          assert.doesNotMatch(right, / (escalate|bind|impersonate)$|serviceaccounts\/token|pods\/exec/);
          assert.doesNotMatch(right, /^secrets (?!create)/, named(role));
          assert.doesNotMatch(right, /^(configmaps|leases|nodes).* (create|delete)$/, named(role));
        }
      }
    });

    it(`${name}: bindings bind roles and accounts that the chart makes, in its namespace`, async () => {
      const all = await renderCi(name);
      const names = new Set(all.map((one) => `${one.kind} ${one.metadata.name}`));
      for (const { roleRef, subjects, ...binding } of all.filter(isBinding)) {
        const isThere = names.has(`${roleRef.kind} ${roleRef.name}`) || roleRef.name.startsWith('system:');
        assert.ok(isThere, named(binding as Manifest));
        for (const subject of subjects) {
          assert.equal(subject.namespace, NAMESPACE);
          assert.ok(names.has(`ServiceAccount ${subject.name}`), subject.name);
        }
      }
    });
  }

  it('without RBAC there is no role and no binding', async () => {
    assert.deepEqual((await renderCi('without-rbac')).filter((one) => isRole(one) || isBinding(one)).map(named), []);
  });

  it('scoped: what lies in namespaces is read and written by Roles in those and in the own one, and nowhere else', async () => {
    const all = await renderCi('scoped');
    const everywhere = has(all, 'trustmint');
    assert.deepEqual(
      everywhere.filter((right) => NAMESPACED.test(right)),
      [],
    );
    assert.ok(everywhere.includes('trustmint.dev/clustertrustpolicies watch'));
    const whole = has(await render(), 'trustmint').filter((right) => !everywhere.includes(right));
    assert.ok(whole.length > 10);
    for (const namespace of ['team-a', 'team-b', NAMESPACE]) {
      const there = has(all, 'trustmint', namespace);
      for (const right of whole) assert.ok(there.includes(right), `${namespace}: ${right}`);
    }
    const others = all.filter(isBinding).map(({ metadata }) => metadata.namespace);
    assert.deepEqual([...new Set(others)].toSorted(), [undefined, 'team-a', 'team-b', NAMESPACE].toSorted());
  });

  it('who uninstalls stops that one Deployment and takes a finalizer off; it deletes only where everything goes', async () => {
    const kept = await render();
    const account = 'trustmint-uninstall';
    const held = ['agentregistrations', 'clustertrustpolicies', 'trustpolicies'];
    assert.deepEqual(
      has(kept, account),
      held.flatMap((kind) => ['get', 'list', 'patch'].map((verb) => `trustmint.dev/${kind} ${verb}`)),
    );
    assert.deepEqual(has(kept, account, NAMESPACE), ['apps/deployments/scale(trustmint) patch', 'pods list']);
    const all = await render(['--set=crds.keep=false']);
    const more = has(all, account).filter((right) => right.endsWith(' delete'));
    assert.equal(more.length, 5);
    assert.deepEqual(
      has(all, account, NAMESPACE).filter((right) => right.endsWith(' delete')),
      ['coordination.k8s.io/leases(trustmint) delete', 'secrets(trustmint-keys) delete'],
    );
    for (const [manifests, given] of [
      [kept, false],
      [all, true],
    ] as const) {
      const { args } = find(manifests, 'Job', account).spec.template.spec.containers[0];
      assert.equal(args.includes('--delete-objects'), given);
    }
  });

  it('its account is there only while it uninstalls; so are its rights, but for those in namespaces that may go before', async () => {
    for (const [manifests, stays] of [
      [await render(), /^$/],
      [await renderCi('scoped'), /^Role(Binding)? .*-served$/],
    ] as const) {
      const its = manifests.filter(({ metadata }) => metadata.name.startsWith('trustmint-uninstall'));
      assert.ok(its.some(({ kind }) => kind === 'ServiceAccount'));
      for (const one of its) {
        const annotations = one.metadata.annotations ?? {};
        assert.equal(annotations['helm.sh/hook'] === undefined, stays.test(named(one)), named(one));
        if (!isRole(one) && !isBinding(one)) continue;
        if (annotations['helm.sh/hook'])
          assert.match(annotations['helm.sh/hook-delete-policy']!, /succeeded,hook-failed/);
      }
    }
  });

  it('with a certificate of somebody else, the operator touches no Secret but its keys, and no ConfigMap', async () => {
    for (const name of ['cert-manager', 'existing-secret']) {
      const rights = has(await renderCi(name), 'trustmint', NAMESPACE);
      assert.deepEqual(
        rights.filter((right) => /^(secrets|configmaps)/.test(right)),
        ['configmaps get', 'configmaps list', 'configmaps watch', 'secrets create'].concat(
          ['get', 'update'].map((verb) => `secrets(trustmint-keys) ${verb}`),
        ),
      );
    }
  });

  it('the admission policy confines the accounts that the release has, and no others', async () => {
    const [policy] = (await render(['--set=serviceAccount.name=mint'], 'helm', 'blue')).filter(
      ({ kind, metadata }) => kind === 'ValidatingAdmissionPolicy' && metadata.name.endsWith('operator-writes'),
    );
    const [{ expression }] = policy!.spec.matchConditions;
    const accounts = [...expression.matchAll(/'([^']+)'/g)].map(([, account]) => account);
    const of = `system:serviceaccount:${NAMESPACE}:`;
    assert.deepEqual(accounts, [`${of}mint`, `${of}blue-trustmint-uninstall`]);
  });

  it('an admission policy keeps the operator to the Secrets and the Lease that its rights name', async () => {
    for (const [flags, names] of [
      [[], ['trustmint-keys', 'blue-trustmint-tls']],
      [['--set=tls.secretName=served'], ['trustmint-keys', 'served']],
      [['--set=tls.mode=secret', '--set=tls.secretName=served'], ['trustmint-keys']],
    ] as const) {
      const all = await render(flags, 'helm', 'blue');
      const of = (resource: string) =>
        all
          .filter(isRole)
          .flatMap(({ rules }) => rules as Rule[])
          .filter(
            ({ resources, resourceNames, verbs }) =>
              resources.includes(resource) && resourceNames && !verbs.includes('delete'),
          )
          .flatMap(({ resourceNames }) => resourceNames!);
      assert.deepEqual(of('secrets'), names);
      const { validations } = find(all, 'ValidatingAdmissionPolicy', 'blue-trustmint-operator-creates').spec;
      const quoted = [...validations[0].expression.matchAll(/'([^']+)'/g)].map(([, text]) => text);
      assert.deepEqual(quoted, [NAMESPACE, 'leases', 'trustmint', ...names]);
    }
  });
});
