import assert from 'node:assert/strict';
import { tellOnce } from '../../src/kube/index.ts';
import { apiFailure, MemoryClient } from './support/memory-client.ts';

const event = {
  regarding: { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'one', namespace: 'ai', uid: 'u1' } },
  type: 'Normal',
  reason: 'Gone',
  action: 'Delete',
  note: 'it goes',
} as const;

describe('an Event that is told once', () => {
  const told = (client: MemoryClient) => [...client.server.objects.values()];

  it('is the same one whoever tells it, and whenever', async () => {
    const client = new MemoryClient();
    await tellOnce(client, event, { controller: 'c', instance: 'first', at: 0 });
    await tellOnce(client, { ...event, note: 'again' }, { controller: 'c', instance: 'second', at: 5_000 });
    assert.deepEqual(
      told(client).map(({ note, reportingInstance }) => [note, reportingInstance]),
      [['it goes', 'first']],
    );
    await tellOnce(client, { ...event, reason: 'Other' }, { controller: 'c', instance: 'first', at: 0 });
    assert.equal(told(client).length, 2, 'another reason is another Event');
  });

  it('that is refused is told to its caller', async () => {
    const client = new MemoryClient(undefined, {
      before: () => {
        throw apiFailure(403, 'Forbidden');
      },
    });
    const telling = tellOnce(client, event, { controller: 'c', instance: 'i', at: 0 });
    await assert.rejects(telling, { status: 403 });
  });
});
