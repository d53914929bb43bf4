import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/kube/types.ts';
import { policySpec, raw, trustPolicy } from '../support.ts';
import { type Reported, reported } from './support.ts';

const MINUTE = 60_000;

async function leading(...objects: KubeObject[]): Promise<Reported> {
  const r = reported();
  await r.w.sync();
  await r.lead();
  await r.apply(...objects);
  return r;
}

const ready = (r: Reported, object: KubeObject) => {
  const { status, reason } = r.condition(object, 'Ready');
  return `${status} ${reason}`;
};
const at = (r: Reported, ms: number) => `${new Date(r.w.clock.now() + ms).toISOString().slice(0, 19)}Z`;

describe('the status of a policy whose tokens would be dead already', () => {
  it('revokeIssuedBefore that lies ahead: not Ready until then, whatever else happens or does not', async () => {
    const r = await leading();
    const until = at(r, 90_000);
    const one = trustPolicy('ai', 'p', policySpec('agent', { revokeIssuedBefore: until }));
    await r.apply(one);
    assert.equal(ready(r, one), 'False TokensRevoked');
    assert.equal(
      r.condition(one, 'Ready').message,
      `every exchange is refused, for spec.revokeIssuedBefore kills every token of this policy issued up to ${until}`,
    );
    assert.equal(r.status(one).phase, 'Active');
    await r.pass(MINUTE);
    assert.equal(ready(r, one), 'False TokensRevoked');
    await r.pass(MINUTE);
    assert.equal(ready(r, one), 'True Ready');
  });

  it('revokeIssuedBefore that is past, as it nearly always is, is nothing to tell', async () => {
    const r = await leading();
    const one = trustPolicy('ai', 'p', policySpec('agent', { revokeIssuedBefore: at(r, -2_000) }));
    await r.apply(one);
    assert.equal(ready(r, one), 'True Ready');
  });

  it('one of this very second is told for no longer than it is so', async () => {
    const r = await leading();
    const one = trustPolicy('ai', 'p', policySpec('agent', { revokeIssuedBefore: at(r, 0) }));
    await r.apply(one);
    await r.pass(2_000);
    assert.equal(ready(r, one), 'True Ready');
  });

  for (const namespace of ['ai', 'trustmint']) {
    it(`a TokenRevocation of it in ${namespace}: not Ready, and by which`, async () => {
      const one = trustPolicy('ai', 'p');
      const r = await leading(one);
      assert.equal(ready(r, one), 'True Ready');
      const all = raw('TokenRevocation', namespace, 'all', { policy: one.metadata.uid });
      await r.apply(all);
      assert.equal(ready(r, one), 'False TokensRevoked');
      assert.match(r.condition(one, 'Ready').message, new RegExp(`for TokenRevocation/${namespace}/all kills`));
    });
  }

  it('of another tenant, or of what was issued before: Ready, for it gives tokens that live', async () => {
    const one = trustPolicy('ai', 'p');
    const r = await leading(one);
    await r.apply(
      raw('TokenRevocation', 'others', 'all', { policy: one.metadata.uid }),
      raw('TokenRevocation', 'ai', 'before', { policy: one.metadata.uid, issuedBefore: at(r, -2_000) }),
    );
    assert.equal(ready(r, one), 'True Ready');
  });
});
