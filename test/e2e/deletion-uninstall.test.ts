import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { blocks } from '../docs/support.ts';
import { binary, OPERATOR } from './cluster/index.ts';
import { type Ending, eventually, FINALIZER, giving, startEnding, TAKEN_OVER } from './deletion-support.ts';
import { KINDS } from './people.ts';
import { TRUST_POLICIES } from './serve-support.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The lines of docs/kubernetes.md that say this, run as a person would: with sh and kubectl and nothing else. */
async function documented(about: RegExp, e: Ending): Promise<string> {
  const [block, ...others] = blocks('docs/kubernetes.md', 'sh').filter(({ text }) => about.test(text));
  assert.ok(block && others.length === 0, `${about} is in one block of docs/kubernetes.md`);
  const path = await mkdtemp(join(tmpdir(), 'trustmint-path-'));
  try {
    await symlink(binary('kubectl'), join(path, 'kubectl'));
    const env = { PATH: path, HOME: path, KUBECONFIG: e.cluster.adminKubeconfig };
    const sh = await promisify(execFile)('/bin/sh', ['-eu', '-c', block.text], { env, cwd: ROOT, timeout: 120_000 });
    return sh.stdout;
  } finally {
    await rm(path, { recursive: true });
  }
}

describe('taking the operator away from a cluster', () => {
  let e: Ending;
  beforeEach(async function () {
    this.timeout(300_000);
    e = await startEnding(1, { controllerManager: true });
    await e.cluster.apply([giving('one', 'agent'), giving('two', 'second', { state: 'Revoked' }), wide]);
    await e.held('one');
    await e.held('two');
    await eventually('the finalizer of wide', async () =>
      (await e.cluster.kubectl(['get', 'ctpol', 'wide', '-o', 'jsonpath={.metadata.finalizers}'])).includes(FINALIZER),
    );
  });
  afterEach(async function () {
    this.timeout(120_000);
    await e?.stop();
  });

  const crdGone = async (name: string) =>
    (await e.cluster.tryKubectl(['get', 'crd', `${name}.trustmint.dev`])).err.includes('NotFound');

  it('without an operator a deletion hangs, by design; the documented lines let all of it go, and nothing of others', async () => {
    await e.replicas[0]!.process.stop('SIGKILL');
    const theirs = [{ op: 'add', path: '/metadata/finalizers/0', value: 'example.com/theirs' }];
    await e.admin.patch(TRUST_POLICIES, 'two', 'team-a', 'json', theirs);
    await e.cluster.kubectl(['delete', 'namespace', 'team-a', '--wait=false']);
    await e.cluster.kubectl(['delete', 'ctpol', 'wide', '--wait=false']);
    await new Promise((done) => setTimeout(done, 5_000));
    assert.match(await e.cluster.kubectl(['get', 'tpol,ctpol', '-A']), /one[\s\S]*two[\s\S]*wide/, 'they hang');
    assert.match(
      await documented(/get "\$kind\.trustmint\.dev"/, e),
      /one patched[\s\S]*two patched[\s\S]*wide patched/,
    );
    await e.gone('one');
    const two = await e.admin.get(TRUST_POLICIES, 'two', 'team-a');
    assert.deepEqual(two.metadata.finalizers, ['example.com/theirs']);
    await e.admin.patch(TRUST_POLICIES, 'two', 'team-a', 'json', [{ op: 'remove', path: '/metadata/finalizers/0' }]);
    await e.cluster.kubectl(['wait', '--for=delete', 'namespace/team-a', '--timeout=60s']);
    assert.equal(await e.cluster.kubectl(['get', 'ctpol', '-o', 'name']), '');
    assert.equal(await documented(/get "\$kind\.trustmint\.dev"/, e), '', 'nothing left to do');
  }).timeout(240_000);

  it('an operator that comes back finishes what waited for it', async () => {
    await e.replicas[0]!.process.stop('SIGKILL');
    await e.cluster.kubectl(['delete', 'namespace', 'team-a', '--wait=false']);
    await eventually(
      'it waits',
      async () => (await e.admin.get(TRUST_POLICIES, 'one', 'team-a')).metadata.deletionTimestamp !== undefined,
    );
    const { metadata } = await e.admin.get(TRUST_POLICIES, 'one', 'team-a');
    await e.startReplica();
    await e.cluster.kubectl(['wait', '--for=delete', 'namespace/team-a', '--timeout=90s']);
    assert.equal(e.audited(metadata.uid)[0]?.action, 'deleted');
  }).timeout(240_000);

  it('uninstalling in the documented order leaves nothing that is stuck', async () => {
    const ending = documented(/delete -k config\/crd/, e);
    await eventually('the CRDs go', () => crdGone('trustpolicies'), 60_000);
    await ending;
    for (const name of KINDS) assert.ok(await crdGone(name), name);
    await e.replicas[0]!.process.stop('SIGTERM');
    await e.cluster.kubectl(['wait', '--for=delete', `namespace/${OPERATOR.namespace}`, '--timeout=60s']);
    await e.cluster.kubectl(['delete', 'namespace', 'team-a', '--timeout=60s']);
    const left = await e.cluster.kubectl([
      'get',
      'clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding',
      '-o',
      'name',
    ]);
    assert.doesNotMatch(left, /trustmint/);
  }).timeout(300_000);

  for (const first of KINDS) {
    it(`deleting the CRD of ${first} while policies live: it goes, and so do the others after it`, async () => {
      await e.cluster.kubectl(['delete', 'crd', `${first}.trustmint.dev`, '--timeout=60s']);
      // Deleted one by one: each policy has what it needs, or goes without.
      await e.cluster.tryKubectl(['-n', 'team-a', 'delete', 'tpol', '--all', '--timeout=60s']);
      await e.cluster.tryKubectl(['delete', 'ctpol', '--all', '--timeout=60s']);
      await e.cluster.kubectl(['delete', '-k', join(ROOT, 'config/crd'), '--ignore-not-found', '--timeout=60s']);
      for (const name of ['trustpolicies', 'clustertrustpolicies']) assert.ok(await crdGone(name), name);
    }).timeout(300_000);
  }

  it('--no-finalizers: what has ours loses it, and what is deleted is gone at once', async () => {
    await e.replicas[0]!.process.stop('SIGTERM');
    const bare = await e.startReplica(['--no-finalizers']);
    const finalizers = () =>
      e.cluster.kubectl(['get', 'tpol,ctpol', '-A', '-o', 'jsonpath={.items[*].metadata.finalizers}']);
    await eventually('none', async () => (await finalizers()) === '', TAKEN_OVER);
    const token = await e.token('agent', 'team-a', bare);
    await e.cluster.apply([giving('three', 'third', { deletionPolicy: 'Revoke' })]);
    const dying = await e.token('third', 'team-a', bare);
    const { metadata } = await e.admin.get(TRUST_POLICIES, 'three', 'team-a');
    await e.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'one', 'three', '--timeout=5s']);
    await eventually('dead', async () => (await e.isActive(dying, bare)) === false);
    assert.equal(await e.isActive(token, bare), true, 'it drains');
    await eventually('its TokenRevocation', async () => (await e.tombstones(metadata.uid)).length === 1);
    // Longer than what went is waited for to come again.
    const end = Date.now() + 35_000;
    while (Date.now() < end) assert.notEqual(await e.isActive(dying, bare), true);
    assert.equal(await finalizers(), '');
  }).timeout(240_000);
});

const wide = {
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ClusterTrustPolicy',
  metadata: { name: 'wide' },
  spec: {
    provider: 'kubernetes',
    audience: 'elsewhere',
    revokeIssuedBefore: '2026-01-01T00:00:00Z',
    trustRules: [{ name: 'r', match: { namespace: 'team-b', serviceAccount: 'x' }, issue: { ttl: '2h' } }],
  },
};
