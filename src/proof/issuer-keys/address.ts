/** Which IP addresses a key fetch may reach. */
import { BlockList, isIP } from 'node:net';

/**
 * - `public`: may always be dialled;
 * - `private`: only where the policy says `allowPrivate`;
 * - `loopback`: only where the URL itself names loopback, standalone;
 * - `refused`: never.
 */
export type AddressKind = 'public' | 'private' | 'loopback' | 'refused';

type Ranges = readonly (readonly [address: string, prefix: number])[];

function block(family: 'ipv4' | 'ipv6', ranges: Ranges): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, family);
  return list;
}

/** IANA's special-purpose registries (RFC 6890) and the addresses at which clouds serve credentials. */
const REFUSED_V4 = block('ipv4', [
  ['0.0.0.0', 8],
  ['100.100.100.200', 32], // metadata: Alibaba
  ['168.63.129.16', 32], // metadata: Azure
  ['169.254.0.0', 16], // link-local, and metadata of most clouds
  ['192.0.0.0', 24], // protocol assignments, and Oracle's metadata
  ['192.0.2.0', 24],
  ['192.88.99.0', 24], // 6to4 relays
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['255.255.255.255', 32],
]);

const PRIVATE_V4 = block('ipv4', [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT; pod networks use it
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15], // benchmarking
  ['240.0.0.0', 4], // reserved; service meshes use it
]);

const LOOPBACK_V4 = block('ipv4', [['127.0.0.0', 8]]);

const GLOBAL_V6 = block('ipv6', [['2000::', 3]]);

/** Within 2000::/3 and fc00::/7; everything outside of them is refused but loopback and NAT64. */
const REFUSED_V6 = block('ipv6', [
  ['2001::', 23], // protocol assignments: Teredo, ORCHID…
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
  ['fd00:ec2::', 32], // metadata: AWS
  ['fd20:ce::', 32], // metadata: Google
]);

const PRIVATE_V6 = block('ipv6', [['fc00::', 7]]);
const LOOPBACK_V6 = block('ipv6', [['::1', 128]]);

/** `::ffff:0:0/96` (RFC 4291 §2.5.5.2) and `64:ff9b::/96` (RFC 6052 §2.1): the IPv4 address is the last four bytes. */
const MAPPED = block('ipv6', [['::ffff:0:0', 96]]);
const NAT64 = block('ipv6', [['64:ff9b::', 96]]);

function embeddedIPv4(address: string): string | undefined {
  // The URL parser writes any IPv6 form in its canonical one, always without a dotted tail.
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const tail = (groups.at(-1) ?? '').split(':');
  const [high = 0, low = 0] =
    tail.length > 1
      ? tail.slice(-2).map((g) => Number.parseInt(g || '0', 16))
      : [0, Number.parseInt(tail[0] || '0', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * Classifies an IP address.
 * An IPv4 address inside an IPv6 one is judged as itself, and refused there unless it is public:
 * nobody who means a private address has to write it so.
 */
export function addressKind(address: string): AddressKind {
  const family = isIP(address);
  if (family === 4) {
    if (REFUSED_V4.check(address, 'ipv4')) return 'refused';
    if (LOOPBACK_V4.check(address, 'ipv4')) return 'loopback';
    return PRIVATE_V4.check(address, 'ipv4') ? 'private' : 'public';
  }
  // A zone id (fe80::1%eth0) only ever belongs to a link-local address.
  if (family !== 6 || address.includes('%')) return 'refused';
  if (MAPPED.check(address, 'ipv6') || NAT64.check(address, 'ipv6')) {
    return addressKind(embeddedIPv4(address) ?? '') === 'public' ? 'public' : 'refused';
  }
  if (LOOPBACK_V6.check(address, 'ipv6')) return 'loopback';
  if (REFUSED_V6.check(address, 'ipv6')) return 'refused';
  if (PRIVATE_V6.check(address, 'ipv6')) return 'private';
  return GLOBAL_V6.check(address, 'ipv6') ? 'public' : 'refused';
}

/**
 * Whether an address may be dialled.
 *
 * @param here whether the URL itself names this machine, and may: such a name leads nowhere else, and no other leads here
 */
export function mayDial(address: string, allowPrivate: boolean, here: boolean): boolean {
  const kind = addressKind(address);
  if (here) return kind === 'loopback';
  return kind === 'public' || (kind === 'private' && allowPrivate);
}
