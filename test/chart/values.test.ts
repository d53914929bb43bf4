import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { values, valuesOf } from '../../hack/chart/index.ts';
import { CHART, describeChart, helm, render } from './support.ts';

const text = readFileSync(join(CHART, 'values.yaml'), 'utf8');
const template = (...flags: string[]) => helm(['template', 'trustmint', CHART, ...flags]);

describe('The values of the chart', () => {
  it('are all in the schema, and the schema has no others', () => {
    values.parse(parse(text));
    const leaves = (shape: unknown, path: string): string[] => {
      const object = (shape as { unwrap?: () => unknown }).unwrap?.() ?? shape;
      const { shape: inner } = object as { shape?: Record<string, unknown> };
      if (!inner || Object.keys(inner).length === 0) return [path];
      return Object.entries(inner).flatMap(([key, one]) => leaves(one, path ? `${path}.${key}` : key));
    };
    const described = valuesOf(text).map(({ path }) => path);
    assert.ok(described.length > 80);
    assert.deepEqual(
      leaves(values, '').filter((path) => path !== 'global' && !described.includes(path)),
      [],
    );
  });
});

describeChart('Values that are wrong', () => {
  const REFUSED: [flags: string, sentence: RegExp][] = [
    ['replicaCount=two', /'\/replicaCount': got string, want integer/],
    ['replicas=3', /additional properties 'replicas' not allowed/],
    ['tls.mod=secret', /'\/tls': additional properties 'mod' not allowed/],
    ['tls.mode=magic', /'\/tls\/mode': value must be one of 'selfSigned', 'certManager', 'secret'/],
    ['tls.mode=certManager', /tls\.certManager\.issuerRef\.name: name the issuer of cert-manager/],
    ['tls.publicAuthority=true', /tls\.publicAuthority: nobody knows the authority that the operator makes/],
    ['issuer=mint.example.com', /'\/issuer': 'mint.example.com' does not match pattern/],
    ['issuer=http://mint.example.com', /'\/issuer': 'http:\/\/mint.example.com' does not match pattern/],
    ['tls.mode=secret,tls.secretName=trustmint-keys', /tls\.secretName: trustmint-keys has the operator's own keys/],
    ['tls.dnsNames={*.example.com}', /tls\.dnsNames: \*\.example\.com is no name that the operator makes/],
    ['tls.dnsNames={10.0.0.1}', /tls\.dnsNames: 10\.0\.0\.1 is no name that the operator makes/],
    ['tls.dnsNames={a..b}', /'\/tls\/dnsNames\/0': 'a\.\.b' does not match pattern/],
    ['tls.secretName=a..b', /'\/tls\/secretName': 'a\.\.b' does not match pattern/],
    ['drainDelay=10m,terminationGracePeriodSeconds=900', /drainDelay: give 0s to 5m/],
    ['config.maxTtl=48h', /config\.maxTtl: give 1m to 24h/],
    ['config.maxStaleness=31m', /config\.maxStaleness: give 1s to 30m/],
    ['config.rotateKeys=1h', /config\.rotateKeys: give at least 2h/],
    ['uninstall.timeout=0s', /uninstall\.timeout: give a duration, as 2m/],
    ['uninstall.timeout=', /uninstall\.timeout: give a duration, as 2m/],
    ['issuer=https://mint.example.com/?a', /'\/issuer': .* does not match pattern/],
    ['config.rateLimit=0\\,5', /'\/config\/rateLimit': '0,5' does not match pattern/],
    ['drainDelay=soon', /'\/drainDelay': 'soon' does not match pattern/],
    ['watchNamespaces={Team_A}', /'\/watchNamespaces\/0': 'Team_A' does not match pattern/],
    ['watchNamespaces=team-a', /'\/watchNamespaces': got string, want array/],
    ["admissionPolicies.agentLabels.orchestrators={a/b'}", /orchestrators\/0': .* does not match pattern/],
    ['image.digest=latest', /'\/image\/digest': 'latest' does not match pattern/],
    ['tenancy.tenant=acme', /tenancy\.tenant: only with tenancy\.mode single/],
    ['ingress.enabled=true', /ingress\.hosts: name at least one host/],
    ['gateway.enabled=true', /gateway\.parentRefs: name at least one Gateway/],
    ['serviceAccount.create=false', /serviceAccount\.name: name the account that exists/],
    ['podLabels.app\\.kubernetes\\.io/component=x', /app\.kubernetes\.io\/component is the chart's own to say/],
    ['terminationGracePeriodSeconds=3', /terminationGracePeriodSeconds: .* drainDelay/],
  ];
  for (const [flags, sentence] of REFUSED) {
    it(`are refused by a sentence that names them: ${flags}`, async () => {
      const { code, err } = await template(`--set=${flags}`);
      assert.notEqual(code, 0);
      assert.match(err, sentence);
    });
  }

  it('are not those at the bounds of what the operator takes', async () => {
    const bounds = ['drainDelay=5m', 'config.maxTtl=24h', 'config.maxStaleness=1800s', 'config.rotateKeys=7200s'];
    const flags = [...bounds, 'config.rateLimit=20\\,20', 'terminationGracePeriodSeconds=301'];
    assert.ok((await render(flags.map((flag) => `--set=${flag}`))).length > 20);
  });

  it('a cluster that is too old for ValidatingAdmissionPolicies is refused', async () => {
    const { code, err } = await template('--kube-version=1.29.9');
    assert.notEqual(code, 0);
    assert.match(err, /requires kubeVersion: >=1\.30\.0-0/);
  });

  it('are refused by Helm 3 too', async () => {
    const { code, err } = await helm(['template', 'trustmint', CHART, '--set=replicas=3'], 'helm3');
    assert.notEqual(code, 0);
    assert.match(err, /[Aa]dditional propert.* replicas|additional properties 'replicas'/);
  });

  it('are not those that Helm gives to a chart within another', async () => {
    assert.ok((await render(['--set=global.imageRegistry=registry.example.com'])).length > 20);
  });
});
