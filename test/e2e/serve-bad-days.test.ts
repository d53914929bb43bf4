import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, install, type Operator, startOperator, until } from './cluster/index.ts';
import { account, eventually, exchange, get, namespaceNamed, policy, proofOf, startMint } from './serve-support.ts';

const NEW_ISSUER = 'https://new-issuer.example';

describe('the mint on bad days', () => {
  let cluster: Cluster;
  let operator: Operator;

  before(async function () {
    this.timeout(300_000);
    const mint = await startMint(
      1,
      [
        ...['ai', 'labelled', 'bare'].map((name) => namespaceNamed(name)),
        ...['agent', 'signed'].map((name) => account('ai', name)),
        ...['labelled', 'bare'].map((namespace) => account(namespace, 'agent')),
        policy('ai', 'agents', 'agent'),
        bySignature,
      ],
      ['--max-staleness=70s'],
    );
    cluster = mint.cluster;
    operator = mint.replicas[0]!;
  });
  after(async function () {
    this.timeout(120_000);
    await cluster?.stop();
  });

  /** Whom no API server need be asked about. */
  const bySignature = {
    ...policy('', 'signed', ''),
    kind: 'ClusterTrustPolicy',
    metadata: { name: 'signed' },
    spec: {
      provider: 'kubernetes',
      audience: 'by-signature',
      proofCheck: 'Signature',
      trustRules: [{ name: 'signed', match: { namespace: 'ai', serviceAccount: 'signed' }, issue: { ttl: '1h' } }],
    },
  };

  const readiness = async () => {
    const { body } = await get(`${operator.ops}/readyz?verbose`);
    const checks = body.checks as { name: string; ok: boolean; message?: string }[];
    return new Map(checks.map((check) => [check.name, check]));
  };

  it('tenants by label: none without it; giving and taking it is effective at once', async () => {
    const byLabel = await startOperator(cluster, { flags: ['--tenancy=namespace-label'] });
    await byLabel.ready();
    await cluster.apply([policy('labelled', 'agents', 'agent'), policy('bare', 'agents', 'agent')]);
    const proof = await proofOf(cluster, 'labelled', 'agent');
    await cluster.kubectl(['label', 'namespace', 'labelled', 'trustmint.dev/tenant=acme']);
    const { body } = await eventually(200, () => exchange(byLabel, proof));
    assert.ok((body.caveats as string[]).includes('tenant = acme'));
    assert.equal((await exchange(byLabel, await proofOf(cluster, 'bare', 'agent'))).status, 403);
    await cluster.kubectl(['label', 'namespace', 'labelled', 'trustmint.dev/tenant-']);
    await eventually(401, () => exchange(byLabel, proof));
    await byLabel.process.stop('SIGTERM');
    await cluster.kubectl(['delete', 'tpol', '-n', 'labelled', '--all']);
    await cluster.kubectl(['delete', 'tpol', '-n', 'bare', '--all']);
  });

  it('one tenant: whoever writes a policy writes for it', async () => {
    const single = await startOperator(cluster, { flags: ['--tenancy=single', '--tenant=acme'] });
    await single.ready();
    const { body } = await exchange(single, await proofOf(cluster, 'ai', 'agent'));
    assert.ok((body.caveats as string[]).includes('tenant = acme'), JSON.stringify(body));
    await single.process.stop('SIGTERM');
  });

  it('a policy that was deleted while nobody looked is not served by who starts afterwards', async () => {
    await cluster.apply([policy('ai', 'gone', 'signed')]);
    const proof = await proofOf(cluster, 'ai', 'signed');
    await eventually(200, () => exchange(operator, proof));
    await operator.process.stop();
    await cluster.kubectl(['-n', 'ai', 'delete', 'tpol', 'gone']);
    await operator.process.start();
    await operator.ready();
    assert.equal((await exchange(operator, proof)).body.error, 'no_matching_policy');
  });

  it('the CRD deleted: nothing of its objects is served; applied again, they are', async function () {
    this.timeout(120_000);
    const proof = await proofOf(cluster, 'ai', 'agent');
    await eventually(200, () => exchange(operator, proof));
    await cluster.kubectl(['delete', 'crd', 'trustpolicies.trustmint.dev']);
    // Told object by object, or that there is no such kind: then nothing at all is served.
    await until(30_000, async () => [401, 503].includes((await exchange(operator, proof)).status));
    await eventually(503, () => exchange(operator, proof), 40_000);
    await until(30_000, async () => /CRD not installed/.test((await readiness()).get('policies')?.message ?? ''));
    await install(cluster);
    await cluster.apply([policy('ai', 'agents', 'agent')]);
    await eventually(200, () => exchange(operator, proof), 40_000);
  });

  it('rights taken away while it runs: 503 and the reason; given back, it goes on', async function () {
    this.timeout(200_000);
    const proof = await proofOf(cluster, 'ai', 'agent');
    await eventually(200, () => exchange(operator, proof));
    await cluster.kubectl(['delete', 'clusterrolebinding', 'trustmint-operator']);
    // Reviews are refused at once, lists when the next is due.
    await eventually(503, async () => exchange(operator, await proofOf(cluster, 'ai', 'agent')));
    await until(90_000, async () =>
      /RBAC missing: may not list/.test((await readiness()).get('policies')?.message ?? ''),
    );
    await install(cluster);
    await eventually(200, () => exchange(operator, proof), 40_000);
  });

  it('the issuer of the cluster changes: who named the new one beforehand takes proofs of both', async function () {
    this.timeout(120_000);
    const ready = await startOperator(cluster, { flags: [`--service-account-issuers=${NEW_ISSUER}`] });
    await ready.ready();
    const old = await proofOf(cluster, 'ai', 'agent');
    assert.equal((await exchange(ready, old)).status, 200);
    // The first is the one that signs.
    cluster.apiserver.flags.unshift(`--service-account-issuer=${NEW_ISSUER}`);
    await cluster.apiserver.restart();
    const proof = await proofOf(cluster, 'ai', 'agent');
    const claims = JSON.parse(Buffer.from(proof.split('.')[1]!, 'base64url').toString());
    assert.equal(claims.iss, NEW_ISSUER);
    await eventually(200, () => exchange(ready, proof), 40_000);
    assert.equal((await exchange(ready, old)).status, 200);
    await ready.process.stop('SIGTERM');
    cluster.apiserver.flags.shift();
    await cluster.apiserver.restart();
  });

  it('the API server away: 503 for proofs that it must be asked about, until it is back', async function () {
    this.timeout(180_000);
    const proof = await proofOf(cluster, 'ai', 'agent');
    await eventually(200, () => exchange(operator, proof), 60_000);
    await cluster.apiserver.stop();
    const { body } = await eventually(503, () => exchange(operator, proof));
    assert.equal(body.error, 'temporarily_unavailable');
    assert.equal((await get(`${operator.ops}/healthz`)).status, 200, 'restarting it would mend nothing');
    await cluster.apiserver.start();
    await eventually(200, () => exchange(operator, proof), 60_000);
  });

  it('the API server away: all else goes on, and ends once the view is too old', async function () {
    this.timeout(240_000);
    const proof = await proofOf(cluster, 'ai', 'signed', 'by-signature');
    // A policy that wants reviews might have had a deny for this very proof.
    const other = await proofOf(cluster, 'ai', 'agent');
    await cluster.kubectl(['-n', 'ai', 'delete', 'tpol', '--all']);
    await eventually(401, () => exchange(operator, other), 60_000);
    assert.equal((await exchange(operator, proof)).status, 200);
    await cluster.apiserver.stop();
    await sleep(5_000);
    assert.equal((await exchange(operator, proof)).status, 200);
    const stale = await eventually(503, () => exchange(operator, proof), 90_000);
    assert.equal(stale.body.error, 'temporarily_unavailable');
    assert.match((await readiness()).get('freshness')?.message ?? '', /last read 7\d s ago/);
    await cluster.apiserver.start();
    await eventually(200, () => exchange(operator, proof), 60_000);
    assert.ok((await readiness()).get('freshness')?.ok);
  });
});
