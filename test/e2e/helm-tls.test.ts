/** The chart with certificates of others: cert-manager, which the test plays, and a Secret of one's own. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Authority, certificateMaker } from '../../src/certificates/index.ts';
import type { ResourceType } from '../../src/kube/types.ts';
import { helmBinary } from '../chart/support.ts';
import { shown } from './certificates-support.ts';
import { eventually } from './deletion-support.ts';
import { CHART, type HelmWorld, HOST, NAMESPACE, startHelmWorld } from './helm-world.ts';

const CERTIFICATES: ResourceType = {
  group: 'cert-manager.io',
  version: 'v1',
  plural: 'certificates',
  namespaced: true,
};
const make = certificateMaker({ random: (bytes) => randomBytes(bytes) });
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the chart, with a certificate that somebody else makes', () => {
  let w: HelmWorld;
  let authority: Authority;
  before(async function () {
    this.timeout(180_000);
    w = await startHelmWorld();
    await w.cluster.kubectl(['apply', '-f', join(helmBinary('crds')!, 'cert-manager.io_certificates.yaml')]);
    await w.cluster.kubectl(['wait', '--for=condition=Established', 'crd/certificates.cert-manager.io']);
  });
  after(async function () {
    this.timeout(60_000);
    await w?.stop();
  });

  /** @returns the certificate, PEM */
  async function store(secret: string, names: readonly string[]): Promise<string> {
    const leaf = await make.leaf(authority, names, Date.now());
    const cert = leaf.certificate.toString();
    const data = { 'tls.crt': cert, 'tls.key': leaf.key, 'ca.crt': authority.certificate.toString() };
    const metadata = { name: secret, namespace: NAMESPACE };
    const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)]));
    await w.cluster.apply([{ apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data: encoded }]);
    return cert;
  }

  const ready = () =>
    w.cluster.kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/trustmint', '--timeout=90s']);
  const pods = () =>
    w.cluster.kubectl(['get', 'pods', '-n', NAMESPACE, '-o', 'jsonpath={.items[*].metadata.uid} {..restartCount}']);
  async function served(): Promise<string | undefined> {
    const port = await w.nodes.reachService(NAMESPACE, 'trustmint', 'mint');
    return (await shown({ url: `https://127.0.0.1:${port}` }))?.toString();
  }
  const tested = async () => assert.match((await w.helm('test', 'trustmint', '--timeout=90s')).out, /Succeeded/);

  it('cert-manager: Pods start once it has made the certificate that the chart asks for, and helm test trusts it', async () => {
    const flags = ['--set=tls.mode=certManager', '--set=tls.certManager.issuerRef.name=internal'];
    await w.helm('install', 'trustmint', CHART, ...flags);
    const { spec } = await w.admin.get(CERTIFICATES, 'trustmint', NAMESPACE);
    const { secretName, dnsNames } = spec as { secretName: string; dnsNames: readonly string[] };
    authority = await make.authority(dnsNames, Date.now());
    const cert = await store(secretName, dnsNames);
    await ready();
    await eventually('served', async () => (await served()) === cert);
    await tested();
  }).timeout(180_000);

  it('renewed: every Pod serves the new one, and none was started again', async () => {
    const before = await pods();
    const cert = await store('trustmint-tls', [HOST]);
    await eventually('the new one', async () => (await served()) === cert, 60_000);
    assert.equal(await pods(), before);
  }).timeout(90_000);

  it('a Secret of one’s own: likewise', async () => {
    const cert = await store('mint-certificate', [HOST]);
    const flags = ['--set=tls.mode=secret', '--set=tls.secretName=mint-certificate', '--wait', '--timeout=90s'];
    await w.helm('upgrade', 'trustmint', CHART, ...flags);
    // What leads connections to Pods lags behind them.
    await eventually('its own', async () => (await served()) === cert);
    await tested();
  }).timeout(180_000);
});
