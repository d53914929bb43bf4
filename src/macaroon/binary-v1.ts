import type { RawMacaroon } from './raw.ts';
import { malformed, RawBuilder, readText } from './shape.ts';

const LENGTH = /^[0-9a-f]{4}$/;
const SPACE = 0x20;
const NEWLINE = 0x0a;

interface Packet {
  readonly key: string;
  readonly data: Uint8Array;
}

/**
 * libmacaroons v1: packets of four lowercase hex digits (the whole length), key, space, data, newline, in the order
 * location, identifier, then per caveat cid and for a third party vid and cl, then signature. Data may hold newlines.
 * @throws MacaroonError `malformed`, `too_large`
 */
export function decodeV1(bytes: Uint8Array): RawMacaroon {
  const builder = new RawBuilder();
  const packets = readPackets(bytes);
  let at = 0;
  const take = (key: string) => (packets[at]?.key === key ? packets[at++]!.data : undefined);
  const location = take('location');
  const identifier = take('identifier');
  if (!identifier) throw malformed('there is no identifier');
  readText(identifier, 'a v1 identifier');
  builder.header(identifier, location && readText(location, 'the location'));
  for (let id = take('cid'); id; id = take('cid')) {
    const vid = take('vid');
    const caveatLocation = take('cl');
    builder.caveat(id, vid, caveatLocation && readText(caveatLocation, 'a location'));
  }
  const signature = take('signature');
  if (!signature) throw malformed('a packet is missing or out of order');
  if (at !== packets.length) throw malformed('data follows it');
  return builder.build('v1', signature);
}

function readPackets(bytes: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; ) {
    const digits = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(4, bytes.length - at)).toString('latin1');
    if (!LENGTH.test(digits)) throw malformed('a packet has no length');
    const end = at + Number.parseInt(digits, 16);
    if (end > bytes.length) throw malformed('a packet is longer than the data');
    const space = bytes.indexOf(SPACE, at + 4);
    if (space < 0 || space >= end - 1 || bytes[end - 1] !== NEWLINE) throw malformed('a packet has no key or no end');
    const key = Buffer.from(bytes.subarray(at + 4, space)).toString('latin1');
    packets.push({ key, data: bytes.subarray(space + 1, end - 1) });
    at = end;
  }
  return packets;
}
