import assert from 'node:assert/strict';
import { raw } from '../support.ts';
import { keeping, OWN } from './support.ts';

describe('TokenRevocations that are over', () => {
  it('are removed by the leader, in any namespace, an hour after their end and 25 h after they were made', async () => {
    const k = keeping();
    const now = k.w.clock.now();
    const at = (ms: number) => new Date(now + ms).toISOString().replace(/\.\d+/, '');
    const of = async (name: string, namespace: string, expiresAt: string | undefined, creationTimestamp: string) => {
      const object = raw('TokenRevocation', namespace, name, { token: name, ...(expiresAt && { expiresAt }) });
      const { metadata } = await k.client.create(
        { group: 'trustmint.dev', version: 'v1alpha1', plural: 'tokenrevocations', namespaced: true },
        object,
        namespace,
      );
      return { ...object, metadata: { ...metadata, generation: 1, creationTimestamp } };
    };
    const DAY = 24 * 3_600_000;
    await k.w.sync({
      tokenrevocations: [
        await of('over', 'team-a', at(-3_660_000), at(-3 * DAY)),
        await of('over-own', OWN, at(-3_660_000), at(-3 * DAY)),
        await of('hour', 'team-a', at(-3_000_000), at(-3 * DAY)),
        await of('young', 'team-a', at(-DAY), at(-DAY)),
        await of('endless', 'team-a', undefined, at(-90 * DAY)),
      ],
    });
    await k.lead();
    await k.pass(5_000);
    const left = [...k.client.server.objects.values()].map(({ metadata }) => metadata.name);
    assert.deepEqual(left, ['hour', 'young', 'endless']);
    await k.close();
  });
});
