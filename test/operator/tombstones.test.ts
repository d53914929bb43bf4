import assert from 'node:assert/strict';
import { KubeApiError } from '../../src/kube/index.ts';
import { createTombstones } from '../../src/operator/tombstones.ts';
import { fromTokenRevocation, type RevocationEntry } from '../../src/revocation/index.ts';
import { apiFailure, type Faults, MemoryClient, MemoryServer } from '../kube/support/memory-client.ts';
import { FakeClock } from '../support/fake-clock.ts';

const entry: RevocationEntry = {
  by: 'policy',
  value: 'uid-1',
  tenant: null,
  issuedBefore: null,
  expiresAt: null,
  source: 'TrustPolicy/ai/agents',
};
const terminating = new KubeApiError('create', {
  status: 403,
  reason: 'Forbidden',
  causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }],
});

function graveyard(faults: Faults = {}) {
  const server = new MemoryServer();
  const clock = new FakeClock();
  const client = new MemoryClient(server, faults);
  const tombstones = createTombstones({ client, namespace: 'trustmint', clock });
  return { server, clock, tombstones, written: () => [...server.objects.values()] };
}

/** Always answers so. */
const answers = (error: () => Error): Faults => ({
  before: () => {
    throw error();
  },
});

describe('what is kept dead by a TokenRevocation', () => {
  it('is in the operator’s namespace, of the same target, time and tenant, and outlives every token', async () => {
    const { clock, tombstones, written } = graveyard();
    const issuedBefore = Math.floor(clock.now() / 1000) - 60;
    assert.equal(await tombstones.keep({ ...entry, issuedBefore, tenant: 'acme' }, 'its namespace is gone'), 'kept');
    const [object] = written();
    const { expiresAt, ...spec } = (object?.spec ?? {}) as Record<string, string>;
    assert.deepEqual(spec, {
      policy: 'uid-1',
      tenant: 'acme',
      issuedBefore: new Date(issuedBefore * 1000).toISOString().replace('.000Z', 'Z'),
      reason: 'its namespace is gone',
    });
    const lasts = Date.parse(expiresAt ?? '') - clock.now();
    assert.ok(lasts >= 26 * 3_600_000 && lasts <= 27 * 3_600_000, `${lasts} ms`);
    assert.equal(object?.metadata.namespace, 'trustmint');
  });

  it('is a time that the API server takes, also where it was to last until the end of time', async () => {
    const { tombstones, written } = graveyard();
    const [known] = fromTokenRevocation(
      {
        apiVersion: 'trustmint.dev/v1alpha1',
        kind: 'TokenRevocation',
        metadata: { name: 'x', namespace: 'ai', creationTimestamp: '2026-01-01T00:00:00Z' },
        spec: { token: 'jti', issuedBefore: '9999-12-31T23:59:59-23:59', expiresAt: '9999-12-31T23:59:59Z' },
      },
      'ai',
    ).entries;
    await tombstones.keep(known!, 'why');
    await tombstones.keep({ ...known!, issuedBefore: 253_402_300_799, expiresAt: 253_402_300_799 }, 'the same');
    const [object, ...more] = written();
    const { expiresAt, issuedBefore } = (object?.spec ?? {}) as Record<string, string>;
    assert.deepEqual([expiresAt, issuedBefore, more], ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z', []]);
  });

  it('lasts as long as what it stands for, where that is longer', async () => {
    const { clock, tombstones, written } = graveyard();
    const end = Math.floor(clock.now() / 1000) + 90 * 86_400;
    await tombstones.keep({ ...entry, expiresAt: end }, 'why');
    const { expiresAt } = (written()[0]?.spec ?? {}) as Record<string, string>;
    assert.ok(Date.parse(expiresAt ?? '') >= end * 1000);
  });

  it('is one object, however often and by whomever it is written', async () => {
    const { tombstones, written } = graveyard();
    for (let i = 0; i < 3; i += 1) assert.equal(await tombstones.keep(entry, `why ${i}`), 'kept');
    assert.equal(written().length, 1);
    await tombstones.keep({ ...entry, issuedBefore: 5 }, 'another time');
    assert.equal(written().length, 2);
  });

  it('cannot be kept where the own namespace or the kind is going, and that is no reason to try again', async () => {
    for (const error of [terminating, apiFailure(405, 'MethodNotAllowed')]) {
      const { tombstones } = graveyard(answers(() => error));
      assert.equal(await tombstones.keep(entry, 'why'), 'impossible');
    }
  });

  it('is tried again where rights are missing or the server fails; «no such kind» is believed after seconds alone', async () => {
    for (const error of [apiFailure(403, 'Forbidden'), apiFailure(500, 'InternalError')]) {
      const { tombstones } = graveyard(answers(() => error));
      await assert.rejects(tombstones.keep(entry, 'why'), error);
    }
    const { clock, tombstones } = graveyard(answers(() => apiFailure(404, 'NotFound')));
    await assert.rejects(tombstones.keep(entry, 'why'), { status: 404 });
    await clock.advance(2_000);
    await assert.rejects(tombstones.keep(entry, 'why'), { status: 404 });
    await clock.advance(1_500);
    assert.equal(await tombstones.keep(entry, 'why'), 'impossible');
    await clock.advance(600_000);
    await assert.rejects(tombstones.keep(entry, 'why'), { status: 404 }, 'an hour later it starts once more');
  });

  it('kills no other tenant’s tokens where the CRD is too old to know tenants: it is taken back', async () => {
    const { server, clock } = graveyard();
    class OldCrd extends MemoryClient {
      override create(...args: Parameters<MemoryClient['create']>) {
        const [type, object, ...rest] = args;
        const { tenant: _, ...spec } = (object as { spec: { tenant?: string } }).spec;
        return super.create(type, { ...object, spec }, ...rest);
      }
    }
    const tombstones = createTombstones({ client: new OldCrd(server), namespace: 'trustmint', clock });
    await assert.rejects(tombstones.keep({ ...entry, tenant: 'acme' }, 'why'), { code: 'OldCrd' });
    assert.equal(server.objects.size, 0);
    assert.equal(await tombstones.keep(entry, 'why'), 'kept');
  });
});
