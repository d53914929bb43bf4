import assert from 'node:assert/strict';
import { type Cluster, type Operator, startOperator } from './cluster/index.ts';
import { account, eventually, exchange, namespaceNamed, policy, proofOf, startMint } from './serve-support.ts';

const NEW_ISSUER = 'https://new-issuer.example';

describe('the mint where tenants, objects or the issuer change', () => {
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
      ],
      [],
    );
    cluster = mint.cluster;
    operator = mint.replicas[0]!;
  });
  after(async function () {
    this.timeout(120_000);
    await cluster?.stop();
  });

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
    // Its finalizer may be on it, and nobody is there to take it off.
    await cluster.kubectl(['-n', 'ai', 'delete', 'tpol', 'gone', '--wait=false']);
    await operator.process.start();
    await operator.ready();
    assert.equal((await exchange(operator, proof)).body.error, 'no_matching_policy');
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
});
