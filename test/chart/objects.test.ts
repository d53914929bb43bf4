import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CHART, CI, describeChart, find, helm, NAMESPACE, named, ROOT, render, renderCi } from './support.ts';

const CLUSTER_WIDE = /^(Cluster|CustomResourceDefinition|ValidatingAdmission|Namespace)/;
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describeChart('The objects of the chart', () => {
  for (const name of CI) {
    it(`${name}: lie in the release's namespace, or where they were asked for`, async () => {
      for (const one of await renderCi(name)) {
        const { namespace } = one.metadata;
        if (CLUSTER_WIDE.test(one.kind)) assert.equal(namespace, undefined, named(one));
        else assert.match(namespace ?? '', new RegExp(`^(${NAMESPACE}|team-a|team-b|agents)$`), named(one));
      }
    });

    it(`${name}: say to which release they belong`, async () => {
      const all = (await renderCi(name)).filter((one) => !/CustomResource/.test(one.kind) && !/extra/.test(named(one)));
      for (const { metadata, ...one } of all) {
        const { labels = {} } = metadata;
        assert.equal(labels['app.kubernetes.io/instance'], 'trustmint', `${one.kind} ${metadata.name}`);
        assert.equal(labels['app.kubernetes.io/managed-by'], 'Helm');
        if (name === 'everything') assert.equal(labels['example.com/team'], 'platform', metadata.name);
      }
    });
  }

  it('the CRDs are those of crds/, kept or not', async () => {
    const files = readdirSync(join(ROOT, 'crds'));
    for (const keep of [true, false]) {
      const made = (await render([`--set=crds.keep=${keep}`])).filter((one) => one.kind === 'CustomResourceDefinition');
      assert.equal(made.length, files.length);
      for (const file of files) {
        assert.equal(text(`charts/trustmint/files/crds/${file}`), text(`crds/${file}`));
        const { metadata, ...rest } = parse(text(`crds/${file}`));
        const annotations = keep ? { annotations: { 'helm.sh/resource-policy': 'keep' } } : {};
        assert.deepEqual(find(made, 'CustomResourceDefinition', metadata.name), {
          ...rest,
          metadata: { ...metadata, ...annotations },
        });
      }
    }
  });

  it('one version: of the package, the chart and the operator', () => {
    const { version } = JSON.parse(text('package.json'));
    const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'));
    assert.deepEqual([chart.version, chart.appVersion], [version, version]);
    assert.ok(text('config/manager/deployment.yaml').includes(`image: trustmint:${version}\n`));
  });

  it('what is left is only what is to outlive the release: the CRDs', async () => {
    const kept = (await render()).filter(
      ({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep',
    );
    assert.deepEqual([...new Set(kept.map(({ kind }) => kind))], ['CustomResourceDefinition']);
  });

  it('the certificate has the names by which the mint is reached', async () => {
    const flags = ['--set=issuer=https://mint.example.com:9443', '--set=tls.dnsNames={other.example.com}'];
    const wanted = ['', '.cluster.local'].map((domain) => `trustmint.${NAMESPACE}.svc${domain}`);
    wanted.push(`trustmint.${NAMESPACE}`, 'mint.example.com', 'other.example.com');
    const [container] = find(await render(flags), 'Deployment', 'trustmint').spec.template.spec.containers;
    assert.ok(container.args.includes(`--tls-self-signed=${wanted.join()}`), container.args.join('\n'));
    const [other] = find(await render(['--set=issuer=https://10.0.0.1']), 'Deployment', 'trustmint').spec.template.spec
      .containers;
    assert.doesNotMatch(other.args.join(), /self-signed=\S*10\.0\.0\.1/, 'an address is no name');
    const issuer = ['--set=tls.mode=certManager', '--set=tls.certManager.issuerRef.name=x'];
    assert.deepEqual(find(await render([...flags, ...issuer]), 'Certificate', 'trustmint').spec.dnsNames, wanted);
  });

  it('the ConfigMaps of the authority come without data, so that an upgrade empties none', async () => {
    const maps = (await renderCi('scoped')).filter(({ kind }) => kind === 'ConfigMap');
    assert.deepEqual(
      maps.map((one) => [named(one), one.data]),
      [NAMESPACE, 'team-a', 'team-b'].map((namespace) => [`ConfigMap ${namespace}/trustmint-ca`, undefined]),
    );
  });

  it('the operator may fill each of them, and no other ConfigMap', async () => {
    const all = [...(await renderCi('everything')), ...(await renderCi('scoped'))];
    const maps = all.filter(({ kind, metadata }) => kind === 'ConfigMap' && /-(ca|authority)$/.test(metadata.name));
    const may = all.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === 'trustmint-ca');
    assert.deepEqual(
      may.map(({ metadata, rules }) => [metadata.namespace, rules]),
      maps.map(({ metadata }) => [
        metadata.namespace,
        [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [metadata.name], verbs: ['get', 'update'] }],
      ]),
    );
    assert.equal(maps.length, 5);
  });

  it('the labels that say who an agent is are for the orchestrators that were named', async () => {
    const policy = find(await renderCi('everything'), 'ValidatingAdmissionPolicy', 'trustmint-agent-labels');
    const said = Object.fromEntries(
      policy.spec.variables.map(({ name, expression }: { name: string; expression: string }) => [
        name,
        expression.trim(),
      ]),
    );
    assert.equal(said.orchestrators, "['agents/orchestrator', 'agents/scheduler']");
    assert.equal(said.names, "['example.com/agent']");
  });

  it('from outside only exchanges, OAuth and metadata are reached: not verifying, nor what registers agents', async () => {
    const public_ = [
      '/api/mint/exchange',
      '/oauth2/token',
      '/oauth2/revoke',
      '/oauth2/jwks',
      '/connect/token',
      '/.well-known',
    ];
    const { rules } = find(await renderCi('gateway'), 'HTTPRoute', 'trustmint').spec;
    assert.deepEqual(
      rules[0].matches.map(({ path }: { path: { value: string } }) => path.value),
      public_,
    );
    const flags = ['--set=ingress.enabled=true', '--set=ingress.hosts={mint.example.com}'];
    const [{ http }] = find(await render(flags), 'Ingress', 'trustmint').spec.rules;
    assert.deepEqual(
      http.paths.map(({ path }: { path: string }) => path),
      public_,
    );
  });

  it('the alerts are those of the file, with the runbook where it was said to be; the dashboard is the file', async () => {
    const all = await renderCi('monitoring');
    const from = text('charts/trustmint/files/alerts.yaml').replaceAll(
      'docs/operations.md#',
      'https://runbooks.example.com/trustmint#',
    );
    assert.deepEqual(find(all, 'PrometheusRule', 'trustmint').spec.groups, parse(from).groups);
    assert.match(from, /runbook_url: https:/);
    const dashboard = find(all, 'ConfigMap', 'trustmint-dashboard').data['trustmint.json'];
    assert.deepEqual(JSON.parse(dashboard), JSON.parse(text('charts/trustmint/dashboards/trustmint.json')));
  });

  it('numbers are read from every Pod, over TLS that is verified', async () => {
    const { spec } = find(await renderCi('monitoring'), 'ServiceMonitor', 'trustmint');
    const [{ tlsConfig, scheme, port }] = spec.endpoints;
    assert.deepEqual([scheme, port], ['https', 'ops']);
    assert.deepEqual(tlsConfig, {
      serverName: `trustmint.${NAMESPACE}.svc`,
      ca: { configMap: { name: 'trustmint-ca', key: 'ca.crt' } },
    });
    const services = (await render()).filter(({ kind }) => kind === 'Service');
    const selected = services.filter(({ metadata }) =>
      Object.entries(spec.selector.matchLabels).every(([key, value]) => metadata.labels?.[key] === value),
    );
    assert.deepEqual(selected.map(named), [`Service ${NAMESPACE}/trustmint-ops`]);
    assert.equal(selected[0]!.spec.publishNotReadyAddresses, true);
  });

  for (const name of CI) {
    it(`${name}: the notes give the first exchange, for that installation`, async () => {
      const args = ['install', 'trustmint', CHART, `--namespace=${NAMESPACE}`, '--dry-run=client'];
      const { out } = await helm([...args, `--values=${join(CHART, `ci/${name}-values.yaml`)}`]);
      const notes = out.slice(out.indexOf('\nNOTES:'));
      assert.match(notes, /^kubectl apply -f - <<'EOF'\n(.*\n)+?EOF$/m);
      const [, policy = ''] = /<<'EOF'\n([\s\S]*?)\nEOF/.exec(notes) ?? [];
      assert.equal(parse(policy).metadata.namespace, name === 'scoped' ? 'team-a' : 'hello');
      assert.match(notes, /--request POST https:\/\/\S+\/api\/mint\/exchange$/m);
    });
  }
});
