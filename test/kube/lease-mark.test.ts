import assert from 'node:assert/strict';
import { LEASES } from '../../src/kube/lease.ts';
import { LeaseMark } from '../../src/kube/lease-mark.ts';
import { apiFailure, type Faults, MemoryClient, MemoryServer } from './support/memory-client.ts';

function markOn(server: MemoryServer, faults: Faults = {}) {
  return new LeaseMark({
    client: new MemoryClient(server, faults),
    namespace: 'ns',
    name: 'lease',
    annotation: 'example.com/keys-created',
  });
}

describe('a mark on the Lease', () => {
  it('is not there before it is set, with or without a Lease', async () => {
    const server = new MemoryServer();
    assert.equal(await markOn(server).isSet(), false);
    await new MemoryClient(server).create(LEASES, { metadata: { name: 'lease' }, spec: {} }, 'ns');
    assert.equal(await markOn(server).isSet(), false);
  });

  it('makes a Lease that nobody holds where there is none', async () => {
    const server = new MemoryServer();
    await markOn(server).set('v');
    assert.equal(await markOn(server).isSet(), true);
    const lease = await new MemoryClient(server).get(LEASES, 'lease', 'ns');
    assert.deepEqual(lease.spec, {});
  });

  it('leaves holder and other annotations as they are, and can be set twice', async () => {
    const server = new MemoryServer();
    const metadata = { name: 'lease', annotations: { other: 'x' } };
    await new MemoryClient(server).create(LEASES, { metadata, spec: { holderIdentity: 'a' } }, 'ns');
    await markOn(server).set('v');
    await markOn(server).set('v');
    const lease = await new MemoryClient(server).get(LEASES, 'lease', 'ns');
    assert.deepEqual(lease.spec, { holderIdentity: 'a' });
    assert.deepEqual(lease.metadata.annotations, { other: 'x', 'example.com/keys-created': 'v' });
  });

  it('is set by several at once, none of whom fails', async () => {
    const server = new MemoryServer();
    await Promise.all([markOn(server).set('v'), markOn(server).set('v'), markOn(server).set('v')]);
    assert.equal(await markOn(server).isSet(), true);
  });

  it('is not known while the API server cannot say: that is no answer "not set"', async () => {
    const down: Faults = {
      before: () => {
        throw apiFailure(503, 'ServiceUnavailable');
      },
    };
    await assert.rejects(markOn(new MemoryServer(), down).isSet());
    await assert.rejects(markOn(new MemoryServer(), down).set('v'));
  });
});
