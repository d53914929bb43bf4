import assert from 'node:assert/strict';
import { type HelmWorld, NAMESPACE, startHelmWorld } from './helm-world.ts';

describe('helm test, where nobody answers', () => {
  let w: HelmWorld;
  before(async function () {
    this.timeout(180_000);
    w = await startHelmWorld();
    await w.install();
    await w.cluster.kubectl(['-n', NAMESPACE, 'scale', 'deployment/trustmint', '--replicas=0']);
    await w.cluster.kubectl([
      '-n',
      NAMESPACE,
      'wait',
      '--for=delete',
      'pod',
      '-l',
      'app.kubernetes.io/component=operator',
    ]);
  });
  after(async function () {
    this.timeout(60_000);
    await w?.stop();
  });

  it('fails, says why, and leaves no policy that gives anything', async () => {
    const { code, out, err } = await w.tryHelm(
      'test',
      'trustmint',
      `--namespace=${NAMESPACE}`,
      '--logs',
      '--timeout=90s',
    );
    assert.notEqual(code, 0);
    assert.match(`${out}${err}`, /unreachable/);
    assert.equal(await w.cluster.kubectl(['get', 'ctpol', '-o', 'name']), '');
  }).timeout(240_000);
});
