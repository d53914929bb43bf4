import assert from 'node:assert/strict';
import { changed, OWN, policySpec, raw, trustPolicy } from '../support.ts';
import { keeping } from './support.ts';

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

  it('are those by a clock that is right: what a wrong one found over a moment ago stays', async () => {
    const k = keeping();
    const creationTimestamp = new Date(k.w.clock.now()).toISOString();
    const spec = { token: 'jti-1', expiresAt: '2026-01-02T00:00:00Z' };
    await k.w.sync({ tokenrevocations: [raw('TokenRevocation', 'team-a', 'dead', spec, { creationTimestamp })] });
    await k.lead();
    // Who has a wrong clock does not lead for now.
    k.mayWrite = false;
    const right = k.w.clock.now();
    k.w.clock.jump('2027-01-01T00:00:00Z');
    await k.pass(40_000);
    k.w.clock.jump(right + 40_000);
    k.mayWrite = true;
    await k.pass(60_000);
    assert.deepEqual(
      k.client.server.calls.filter(({ verb }) => verb === 'delete'),
      [],
    );
    await k.close();
  });

  it('do not pile up of a policy whose revokeIssuedBefore is raised again and again; what was dead stays dead', async () => {
    const k = keeping();
    const time = (n: number) => new Date(k.w.clock.now() + n * 1_000).toISOString().replace(/\.\d+/, '');
    let policy = trustPolicy('team-a', 'p', policySpec('agent', { revokeIssuedBefore: time(0) }));
    const pol = policy.metadata.uid;
    const iat = Math.floor(k.w.clock.now() / 1_000);
    await k.w.sync({ trustpolicies: [policy] });
    await k.lead();
    k.client.server.objects.clear();
    const left = () => [...k.client.server.objects.values()].filter(({ kind }) => kind === 'TokenRevocation');
    const { after } = k.client.faults;
    k.client.faults.after = (call, options) => {
      if (call.verb !== 'delete') return after?.(call, options);
      const [gone] = [...k.w.view.copies.revocations.items().values()].filter(
        ({ object }) => object.metadata.name === call.name,
      );
      k.w.of('tokenrevocations').remove(gone!.object as never);
    };
    for (let n = 1; n <= 40; n += 1) {
      policy = changed(policy, { spec: policySpec('agent', { revokeIssuedBefore: time(n) }) });
      k.w.of('trustpolicies').put(policy);
      await k.pass(500);
    }
    assert.ok(left().length >= 30, `${left().length}`);
    await k.pass(60_000);
    assert.equal(left().length, 8);
    k.w.of('trustpolicies').remove(policy);
    await k.pass(60_000);
    assert.equal(k.w.view.lingering?.(), 0);
    assert.ok(k.isDead({ pol, iat: iat + 40 }) && k.isDead({ pol, iat }));
    await k.close();
  });
});
