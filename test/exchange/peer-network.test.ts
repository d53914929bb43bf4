import assert from 'node:assert/strict';
import fc from 'fast-check';
import { peerNetwork } from '../../src/exchange/peer-network.ts';
import { agents, RESEARCH, refusal, world } from './support.ts';

describe('the network of a peer', () => {
  it('is an IPv4 address itself, and of an IPv6 address the first four groups', () => {
    for (const [address, network] of [
      ['192.0.2.7', '192.0.2.7'],
      ['', ''],
      ['::1', '0:0:0:0::/64'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:db8::5', '2001:db8:0:0::/64'],
      ['2001:db8:1:2::', '2001:db8:1:2::/64'],
      ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['::192.0.2.7', '0:0:0:0::/64'],
    ]) {
      assert.equal(peerNetwork(address!), network, address);
    }
  });

  it('is one for two addresses if their first 64 bits are equal, and only then', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    const four = fc.array(group, { minLength: 4, maxLength: 4 });
    // As the system writes an address: RFC 5952.
    const text = (groups: number[]) =>
      new URL(`http://[${groups.map((g) => g.toString(16)).join(':')}]`).hostname.slice(1, -1);
    fc.assert(
      fc.property(four, four, four, four, (net, other, host, another) => {
        assert.equal(peerNetwork(text([...net, ...host])), peerNetwork(text([...net, ...another])));
        if (net.join() !== other.join())
          assert.notEqual(peerNetwork(text([...net, ...host])), peerNetwork(text([...other, ...host])));
      }),
    );
  });

  it('is what failed proofs and their records are counted by: one host has many addresses', async () => {
    const limits = { rateLimit: { perSecond: 20, burst: 100 }, failureLimit: { perSecond: 1, burst: 12 } };
    const w = await world([agents([RESEARCH])], limits);
    for (let i = 1; i <= 12; i++) {
      const refused = await w.exchange('nonsense', { peer: `2001:db8:1:2::${i.toString(16)}` });
      assert.ok(!refused.granted && refused.code === 'invalid_proof');
    }
    assert.equal(w.record().peer, '2001:db8:1:2::a', 'ten are recorded, each with its own address');
    await w.clock.advance(1000);
    assert.deepEqual([w.record().kind, w.record().of, w.record().count], ['suppressed', '2001:db8:1:2::/64', 2]);
    const failed = await refusal(w, 'nonsense', { peer: '2001:db8:1:2:ffff::1' });
    assert.equal(failed.code, 'invalid_proof');
    assert.equal((await refusal(w, await w.proof(), { peer: '2001:db8:1:2:ffff::2' })).code, 'rate_limited');
    assert.ok((await w.exchange(await w.proof(), { peer: '2001:db8:1:3::1' })).granted);
  });
});
