import assert from 'node:assert/strict';
import { KeyRingError } from '../../src/keyring/index.ts';
import type { ResourceType } from '../../src/kube/types.ts';
import { LEASE, leaseNotes, requestRotation } from '../../src/operator/index.ts';
import { KeyDesk } from '../../src/operator/key-requests.ts';
import { MemoryClient } from '../kube/support/memory-client.ts';
import { FakeClock } from '../support/fake-clock.ts';

const namespace = 'trustmint';
const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };

it('rotation by request is refused, and says so, where too many keys are kept; when some are gone it is heard again', async () => {
  const client = new MemoryClient();
  const clock = new FakeClock();
  await client.create(LEASES, { metadata: { name: LEASE, namespace } }, namespace);
  const notes = leaseNotes({ client, namespace });
  let isFull = true;
  let rotated = 0;
  const desk = new KeyDesk(notes);
  const ring = {
    states: () => [],
    async rotate() {
      if (isFull) throw new KeyRingError('keys_full', '40 keys are kept');
      rotated += 1;
      return { changes: [] };
    },
  };
  const ask = (now: boolean) =>
    requestRotation({
      notes,
      clock,
      now,
      async pause(ms) {
        await clock.advance(ms);
        await desk.attend(ring);
      },
    });
  for (const now of [true, false]) assert.deepEqual(await ask(now), { failed: 'full' });
  assert.equal((await notes.read())?.annotations['trustmint.dev/rotate-keys'], undefined);
  isFull = false;
  assert.deepEqual([await ask(true), rotated], [{ keys: [] }, 1]);
});
