import assert from 'node:assert/strict';
import { trustmint } from '../whole/support.ts';
import { fakeCluster } from './fake-cluster.ts';

const LEASES = 'coordination.k8s.io/leases';
const ROTATE = 'trustmint.dev/rotate-keys';
const SUMMARY = 'trustmint.dev/keys';
const AT = Date.parse('2026-01-01T00:00:00Z') / 1000;
const active = { kid: 'AAAAAAAAAAA', state: 'active', createdAt: AT, activatedAt: AT, retiredAt: null };
const next = {
  ...{ kid: 'BBBBBBBBBBB', state: 'next', createdAt: AT + 60, activatedAt: null, retiredAt: null },
  promotesAt: AT + 3660,
};
const retired = {
  ...{ kid: 'CCCCCCCCCCC', state: 'retired', createdAt: AT - 60, activatedAt: AT - 60, retiredAt: AT },
  removedAt: AT + 86_400,
};

describe('trustmint keys in a cluster', () => {
  const cluster = fakeCluster('mint');

  const keys = (...args: string[]) => trustmint(['keys', ...args, '--kubeconfig', cluster.kubeconfig]);
  const lease = (annotations: object) =>
    cluster.server.store.put(LEASES, { metadata: { name: 'trustmint', namespace: 'mint', annotations }, spec: {} });

  it('list prints the leader’s summary, and asks for nothing but the Lease', async () => {
    lease({ [SUMMARY]: JSON.stringify([active, next, retired]) });
    const { code, out, err } = await keys('list');
    assert.equal(code, 0, err);
    assert.deepEqual(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
      [
        ['KEY', 'STATE', 'CREATED', 'SIGNS SINCE', 'RETIRED'],
        ['AAAAAAAAAAA', 'active', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '-'],
        ['BBBBBBBBBBB', 'next', '2026-01-01T00:01:00Z', '-', '-', 'signs from 2026-01-01T01:01:00Z'],
        [
          ...['CCCCCCCCCCC', 'retired', '2025-12-31T23:59:00Z', '2025-12-31T23:59:00Z', '2026-01-01T00:00:00Z'],
          'goes after 2026-01-02T00:00:00Z',
        ],
      ],
    );
    const asked = new Set(cluster.server.seen.map(({ verb, path }) => `${verb} ${path}`));
    assert.deepEqual([...asked], ['get /apis/coordination.k8s.io/v1/namespaces/mint/leases/trustmint']);
  });

  it('rotate leaves a request and prints how the keys are once a leader took it off', async () => {
    lease({ [SUMMARY]: JSON.stringify([active]) });
    const seen: string[] = [];
    cluster.server.fault = ({ verb, body }) => {
      // The leader's answer, as soon as the request is there.
      const { annotations } = cluster.server.store.get(LEASES, 'mint', 'trustmint')!.metadata as unknown as {
        annotations: Record<string, string>;
      };
      if (verb === 'patch') seen.push(body);
      if (verb === 'get' && annotations[ROTATE]) {
        const { [ROTATE]: _, ...rest } = annotations;
        lease({ ...rest, [SUMMARY]: JSON.stringify([active, next]) });
      }
      return undefined;
    };
    const { code, out, err } = await keys('rotate', '--now');
    assert.equal(code, 0, err);
    assert.match(out, /BBBBBBBBBBB +next .*signs from 2026-01-01T01:01:00Z\n$/);
    assert.equal(seen.length, 1);
    assert.match(seen[0]!, /"trustmint\.dev\/rotate-keys":"\d{4}-\d\d-\d\dT[\d:.]+Z now"/);
  });

  it('says what is wrong in one line: no Lease, no summary, no right, two places', async () => {
    assert.match((await keys('list')).err, /^trustmint: there is no Lease mint\/trustmint: [^\n]*\(no_lease\)\n$/);
    assert.match((await keys('rotate', '-n', 'other')).err, /Lease other\/trustmint: [^\n]*\(no_lease\)\n$/);
    lease({ [SUMMARY]: '[{"kid":"\\u001b[2J"}]' });
    assert.match((await keys('list')).err, /^trustmint: [ -~]*\(no_summary\)\n$/);
    cluster.server.fault = () => ({ status: 403, reason: 'Forbidden' });
    assert.match(
      (await keys('rotate')).err,
      /you may not get and patch Lease trustmint in namespace mint \(Forbidden\)\n$/,
    );
    assert.match((await keys('list', '--data-dir', 'x')).err, /--data-dir goes without --kubeconfig.*\(usage\)\n$/);
  });
});
