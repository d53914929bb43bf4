import type { RawMacaroon } from './raw.ts';
import { malformed, RawBuilder, readText } from './shape.ts';

export const V2_MARK = 0x02;

const EOS = 0;
const LOCATION = 1;
const IDENTIFIER = 2;
const VID = 4;
const SIGNATURE = 6;
const MAX_VARINT = 0x7fff_ffff;

/** libmacaroons doc/format.txt, *Binary Format*, from the byte after the mark. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The fields up to EOS by type, in ascending order, each at most once. */
  section(allowed: readonly number[]): Map<number, Uint8Array> {
    const fields = new Map<number, Uint8Array>();
    for (let last = EOS; ; ) {
      const type = this.#varint();
      if (type === EOS) return fields;
      if (type <= last) throw malformed('fields are out of order');
      if (!allowed.includes(type)) throw malformed('a field is unknown here');
      fields.set(type, this.#data());
      last = type;
    }
  }

  field(type: number): Uint8Array {
    if (this.#varint() !== type) throw malformed('a field is missing');
    return this.#data();
  }

  #data(): Uint8Array {
    const length = this.#varint();
    const start = this.#at;
    if (length > this.#bytes.length - start) throw malformed('a field is longer than the data');
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** Least significant seven bits first; the shortest form only. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed('the data ends within a number');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      if (value > MAX_VARINT) break;
      if (byte === 0 && shift > 0) throw malformed('a number is not in its shortest form');
      return value;
    }
    throw malformed('a number is too large');
  }
}

/** @throws MacaroonError `malformed`, `too_large` */
export function decodeV2(bytes: Uint8Array): RawMacaroon {
  const reader = new Reader(bytes);
  const builder = new RawBuilder();
  const header = reader.section([LOCATION, IDENTIFIER]);
  builder.header(identifierOf(header), locationOf(header));
  for (;;) {
    const caveat = reader.section([LOCATION, IDENTIFIER, VID]);
    if (caveat.size === 0) break;
    builder.caveat(identifierOf(caveat), caveat.get(VID), locationOf(caveat));
  }
  const signature = reader.field(SIGNATURE);
  if (!reader.done) throw malformed('data follows it');
  return builder.build('v2', signature);
}

function identifierOf(section: Map<number, Uint8Array>): Uint8Array {
  const identifier = section.get(IDENTIFIER);
  if (!identifier) throw malformed('there is no identifier');
  return identifier;
}

function locationOf(section: Map<number, Uint8Array>): string | undefined {
  const location = section.get(LOCATION);
  return location && readText(location, 'a location');
}

/** The v2 binary form of first-party caveats and of third-party ones. */
export function encodeV2({ location, identifier, caveats, signature }: Omit<RawMacaroon, 'format'>): Buffer {
  const at = location ? Buffer.from(location) : undefined;
  const places = caveats.map((caveat) => (caveat.location ? Buffer.from(caveat.location) : undefined));
  let size = 1 + fieldSize(at) + fieldSize(identifier) + 2 + fieldSize(signature);
  for (let i = 0; i < caveats.length; i++) {
    size += fieldSize(places[i]) + fieldSize(caveats[i]!.id) + fieldSize(caveats[i]!.vid) + 1;
  }
  const bytes = Buffer.allocUnsafe(size);
  bytes[0] = V2_MARK;
  let end = writeField(bytes, 1, LOCATION, at);
  end = writeField(bytes, end, IDENTIFIER, identifier);
  bytes[end++] = EOS;
  for (let i = 0; i < caveats.length; i++) {
    end = writeField(bytes, end, LOCATION, places[i]);
    end = writeField(bytes, end, IDENTIFIER, caveats[i]!.id);
    end = writeField(bytes, end, VID, caveats[i]!.vid);
    bytes[end++] = EOS;
  }
  bytes[end++] = EOS;
  writeField(bytes, end, SIGNATURE, signature);
  return bytes;
}

function fieldSize(data: Uint8Array | undefined): number {
  return data ? 1 + varintSize(data.length) + data.length : 0;
}

/** @returns where the next one begins; a field without data is left out. */
function writeField(bytes: Buffer, at: number, type: number, data: Uint8Array | undefined): number {
  if (!data) return at;
  bytes[at] = type;
  const start = writeVarint(bytes, at + 1, data.length);
  bytes.set(data, start);
  return start + data.length;
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let next = at;
  for (; rest >= 0x80; rest >>>= 7) bytes[next++] = (rest & 0x7f) | 0x80;
  bytes[next++] = rest;
  return next;
}
