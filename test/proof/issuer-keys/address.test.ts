import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type AddressKind, addressKind, mayDial } from '../../../src/proof/issuer-keys/address.ts';

const EXPECTED: Record<AddressKind, string[]> = {
  public: ['8.8.8.8', '100.128.0.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'],
  private: [
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '198.18.0.1',
    '240.240.0.1',
    'fd00::1',
    'fc00::1',
  ],
  loopback: ['127.0.0.1', '127.255.0.1', '::1', '0:0:0:0:0:0:0:1'],
  refused: [
    ...['0.0.0.0', '0.1.2.3', '169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
    ...['192.0.2.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.1.1.1', '255.255.255.255'],
    ...['::', '::127.0.0.1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', 'fd00:ec2::254', 'fd20:ce::254'],
    ...['2002:7f00:1::', '2002:808:808::1', '2001::1', '2001:db8::1', '100::1', '64:ff9b:1::808:808'],
    // IPv4 inside IPv6: nothing but a public one
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:10.0.0.1', '::ffff:169.254.169.254', '0:0:0:0:0:ffff:a9fe:a9fe'],
    ...['64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b::', '64:ff9b::1'],
    ...['', 'localhost', '1.2.3', '0x7f.0.0.1', '8.8.8.8:80', '[::1]'],
  ],
};

describe('addresses that key fetches may reach', () => {
  for (const [kind, addresses] of Object.entries(EXPECTED)) {
    it(`P10: are ${kind} in every form: ${addresses.length} of them`, () => {
      for (const address of addresses) assert.equal(addressKind(address), kind, address);
    });
  }

  it('P10: are the public ones, private ones where the policy says so, and this machine where the URL names it', () => {
    for (const [kind, addresses] of Object.entries(EXPECTED)) {
      for (const address of addresses) {
        assert.equal(mayDial(address, false, false), kind === 'public', address);
        assert.equal(mayDial(address, true, false), kind === 'public' || kind === 'private', address);
        for (const allowPrivate of [true, false])
          assert.equal(mayDial(address, allowPrivate, true), kind === 'loopback');
      }
    }
  });

  it('P10: an IPv4 address hidden in IPv6 is public only if it is public itself', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), fc.constantFrom('::ffff:', '64:ff9b::'), (octets, prefix) => {
        const plain = octets.join('.');
        const expected = addressKind(plain) === 'public' ? 'public' : 'refused';
        assert.equal(addressKind(prefix + plain), expected);
        const [a, b, c, d] = octets as [number, number, number, number];
        assert.equal(addressKind(`${prefix}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`), expected);
      }),
    );
  });
});
