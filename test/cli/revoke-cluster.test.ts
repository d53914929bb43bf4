import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { mint } from '../macaroon/support.ts';
import { trustmint } from '../whole/support.ts';
import { fakeCluster } from './fake-cluster.ts';

const JTI = 'p4YML6bHX_7s7KQGTPR81g';
const TREVS = 'trustmint.dev/tokenrevocations';
const UUID = /^[0-9a-f-]{36}$/;

describe('trustmint revoke in a cluster', () => {
  const cluster = fakeCluster('team-a');

  const revoke = (args: readonly string[], input?: string) => trustmint(['revoke', ...args], input);
  const inCluster = (...args: string[]) => revoke(['--kubeconfig', cluster.kubeconfig, ...args]);
  const created = () => cluster.server.store.list(TREVS);

  function policy(plural: string, name: string, namespace?: string): string {
    const metadata = { name, ...(namespace !== undefined && { namespace }) };
    return cluster.server.store.put(`trustmint.dev/${plural}`, { metadata, spec: {} }).metadata.uid;
  }

  it('creates it in the namespace of the context, and says its name, what it kills and where', async () => {
    const ran = await inCluster('--token', JTI, '--reason', 'leaked');
    assert.equal(ran.code, 0, ran.err);
    const [object, ...more] = created();
    assert.deepEqual(more, []);
    const spec = object!.spec as Record<string, string>;
    assert.deepEqual([object!.metadata.namespace, spec.token, spec.reason], ['team-a', JTI, 'leaked']);
    assert.ok(Date.parse(spec.expiresAt!) - Date.now() >= 24 * 3600_000);
    assert.deepEqual(ran.out.trimEnd().split('\n'), [
      `TokenRevocation team-a/${object!.metadata.name} created at ${cluster.server.url}`,
      `kills the token ${JTI}`,
      "of the tenant of namespace team-a; of any tenant if that is the operator's own",
      `holds until ${spec.expiresAt}`,
    ]);
  });

  it('asks for a namespace where nobody chose one, for in another it would kill nothing', async () => {
    const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8'));
    delete config.contexts[0].context.namespace;
    writeFileSync(cluster.kubeconfig, JSON.stringify(config));
    const ran = await inCluster('--token', JTI);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /say with -n which namespace: one of the tokens' tenant, or the operator's own \(usage\)/);
    assert.deepEqual(created(), []);
    assert.equal((await inCluster('-n', 'team-a', '--token', JTI)).code, 0);
  });

  it('says of a grant, agent or policy that exchanges are refused too, unless only older tokens die', async () => {
    const uid = policy('trustpolicies', 'research', 'ai');
    for (const target of [
      ['--grant', JTI],
      ['--agent', uid],
      ['--policy', uid],
    ]) {
      const all = await inCluster(...target);
      assert.match(all.out, /^kills every token of .*; exchanges that would give another one are refused$/m);
      const older = await inCluster(...target, '--issued-before', '2026-01-01T00:00:00Z');
      assert.doesNotMatch(older.out, /exchanges/);
    }
  });

  it('-n says where; two runs make two objects', async () => {
    for (const _ of [1, 2]) assert.equal((await inCluster('-n', 'trustmint-system', '--grant', JTI)).code, 0);
    assert.deepEqual(
      created().map(({ metadata }) => metadata.namespace),
      ['trustmint-system', 'trustmint-system'],
    );
  });

  it('finds the cluster as kubectl does: $KUBECONFIG', async () => {
    process.env.KUBECONFIG = cluster.kubeconfig;
    assert.equal((await revoke(['--token', JTI])).code, 0);
    assert.equal(created().length, 1);
  });

  for (const word of ['tpol', 'trustpolicy', 'trustpolicy.trustmint.dev']) {
    it(`--policy ${word}/NAMESPACE/NAME is that policy's uid, in its own namespace`, async () => {
      const uid = policy('trustpolicies', 'research', 'ai');
      policy('trustpolicies', 'research', 'team-a');
      const ran = await inCluster('--policy', `${word}/ai/research`, '--issued-before', '2026-01-01T00:00:00Z');
      assert.equal(ran.code, 0, ran.err);
      const [object] = created();
      assert.equal(object!.metadata.namespace, 'ai');
      assert.deepEqual(object!.spec, { policy: uid, issuedBefore: '2026-01-01T00:00:00Z' });
      assert.match(
        ran.out,
        /every token of policy \S+ \(TrustPolicy\/ai\/research\), issued up to 2026-01-01T00:00:00Z\n/,
      );
      assert.match(ran.out, /holds until it is deleted\n/);
    });
  }

  it('--policy ctpol/NAME needs to be told the namespace, for its tokens are of any tenant', async () => {
    const uid = policy('clustertrustpolicies', 'ci');
    const ran = await inCluster('--policy', 'ctpol/ci');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /say with -n which namespace is the operator's own \(usage\)\n$/);
    assert.equal(created().length, 0);
    assert.equal((await inCluster('--policy', 'ctpol/ci', '-n', 'trustmint-system')).code, 0);
    assert.deepEqual(created()[0]!.spec, { policy: uid });
  });

  it('--output yaml prints the manifest and creates nothing; only for a uid is anybody asked', async () => {
    const token = mint();
    const plain = await revoke(['--output', 'yaml', '--derived-from', '-', '-n', 'ai'], token);
    assert.equal(plain.code, 0, plain.err);
    const { apiVersion, kind, metadata, spec, ...rest } = parse(plain.out);
    assert.deepEqual([apiVersion, kind, rest], ['trustmint.dev/v1alpha1', 'TokenRevocation', {}]);
    assert.deepEqual(Object.keys(metadata), ['name', 'namespace']);
    assert.match(spec.derivedFrom, /^[\w-]{43}$/);
    assert.ok(!plain.out.includes(token));
    assert.equal(cluster.server.seen.length, 0);

    const nowhere = parse((await revoke(['--output', 'yaml', '--token', JTI])).out);
    assert.deepEqual(Object.keys(nowhere.metadata), ['name'], 'whoever applies it says where');

    const uid = policy('trustpolicies', 'research', 'ai');
    const named = await inCluster('--output', 'yaml', '--policy', 'tpol/ai/research');
    assert.equal(parse(named.out).spec.policy, uid);
    assert.match(uid, UUID);
    assert.deepEqual(created(), []);
  });

  for (const [what, args, says] of [
    ['no target', ['--kubeconfig', 'KC'], /give exactly one of token, .* \(invalid_revocation\)/],
    ['a policy that is neither uid nor name', ['--kubeconfig', 'KC', '--policy', 'research'], /give tpol\/NAMESPACE/],
    ['a policy without its namespace', ['--kubeconfig', 'KC', '--policy', 'tpol/research'], /give tpol\/NAMESPACE/],
    ['a name that is none', ['--kubeconfig', 'KC', '--policy', 'tpol/ai/..'], /give tpol\/NAMESPACE/],
    ['a namespace that is none', ['--kubeconfig', 'KC', '-n', '../x', '--token', JTI], /--namespace: no such name/],
    [
      'a policy that is not there',
      ['--kubeconfig', 'KC', '--policy', 'tpol/ai/gone'],
      /there is no TrustPolicy ai\/gone; .*\(NotFound\)/,
    ],
    ['an output that is none', ['--output', 'json', '--token', JTI], /--output: yaml/],
    ['both a directory and a cluster', ['--data-dir', '.', '-n', 'ai', '--token', JTI], /--data-dir goes without/],
    [
      'neither',
      ['--token', JTI],
      /give --data-dir DIR of a mint that serves files, or --kubeconfig FILE of a cluster \(no_cluster\)/,
    ],
    [
      'a kubeconfig that is not there',
      ['--kubeconfig', '/nowhere', '--token', JTI],
      /^trustmint: \/nowhere: .*\(NoCredentials\)/,
    ],
  ] as const) {
    it(`refuses ${what} in one line, and creates nothing`, async () => {
      const ran = await revoke(args.map((arg) => (arg === 'KC' ? cluster.kubeconfig : arg)));
      assert.deepEqual([ran.code, ran.out], [1, '']);
      assert.match(ran.err, says);
      assert.equal(ran.err.split('\n').length, 2, ran.err);
      assert.deepEqual(created(), []);
    });
  }

  const status = (code: number, reason: string, details: object = {}) => ({
    status: code,
    body: JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message: 'quotes "the object"', details }),
  });
  for (const [what, reply, says] of [
    ['who may not', status(403, 'Forbidden'), /you may not create tokenrevocations in namespace team-a \(Forbidden\)/],
    ['who is nobody', status(401, 'Unauthorized'), /does not accept these credentials \(Unauthorized\)/],
    [
      'a namespace that is not there',
      status(404, 'NotFound'),
      /there is no namespace team-a, or the CRD .*\(NotFound\)/,
    ],
    [
      'a namespace on its way out',
      status(403, 'Forbidden', { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] }),
      /the namespace is being deleted/,
    ],
    [
      'a spec that the CRD refuses',
      status(422, 'Invalid', { causes: [{ reason: 'FieldValueInvalid', field: 'spec.expiresAt' }] }),
      /not accepted: spec\.expiresAt \(Invalid\)/,
    ],
    [
      'a server that failed halfway',
      status(500, 'InternalError'),
      /whether it was created is not known: kubectl -n team-a get tokenrevocation token-[0-9a-f]+ \(InternalError\)/,
    ],
    ['no answer at all', 'hang up', /no answer .*; whether it was created is not known/],
  ] as const) {
    it(`${what}: one clear line`, async () => {
      cluster.server.fault = () => reply;
      const ran = await inCluster('--token', JTI);
      assert.deepEqual([ran.code, ran.out], [1, '']);
      assert.match(ran.err, says);
      assert.equal(ran.err.split('\n').length, 2, ran.err);
      assert.ok(!ran.err.includes('quotes'));
    });
  }
});
