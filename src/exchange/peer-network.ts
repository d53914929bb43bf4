/**
 * What limits by address count by: an IPv4 address itself; of an IPv6 address its /64, within which one host may take
 * as many addresses as it likes (RFC 7421 §3).
 *
 * @param address as the system writes it
 */
export function peerNetwork(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  // Where `::` leaves out groups, those behind it may belong to the first four: 1::2:3:4:5:6:7.
  if (tail !== undefined) {
    const behind = tail === '' ? [] : tail.split(':');
    while (groups.length + behind.length < 8) groups.push('0');
    groups.push(...behind);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
