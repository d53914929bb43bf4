/** DER (X.690 §8, §10), written and never read: as much of it as a certificate is made of. */

type Bytes = Uint8Array;

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function element(tag: number, ...contents: readonly Bytes[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

export const sequence = (...members: readonly Bytes[]): Buffer => element(TAG.sequence, ...members);
export const set = (...members: readonly Bytes[]): Buffer => element(TAG.set, ...members);
export const octets = (content: Bytes): Buffer => element(TAG.octetString, content);
export const utf8 = (text: string): Buffer => element(TAG.utf8String, Buffer.from(text, 'utf8'));
export const TRUE: Buffer = element(TAG.boolean, Buffer.from([0xff]));

/** @param unused bits of the last byte that do not count */
export const bits = (content: Bytes, unused = 0): Buffer => element(TAG.bitString, Buffer.from([unused]), content);

/** @param content big-endian two's complement without superfluous bytes: its first bit is the sign */
export const integer = (content: Bytes): Buffer => element(TAG.integer, content);

/** `[number]`, around whole elements. */
export const explicit = (number: number, ...members: readonly Bytes[]): Buffer => element(0xa0 | number, ...members);
/** `[number]` in the place of a string's own tag. */
export const implicit = (number: number, content: Bytes): Buffer => element(0x80 | number, content);

/** @param dotted as `2.5.29.17` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(number: number): number[] {
  const bytes = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128));
  return bytes;
}

/** In whole seconds, with a year of two digits until 2049 (RFC 5280 §4.1.2.5). @param at epoch milliseconds */
export function time(at: number): Buffer {
  const text = `${new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, '')}`;
  const short = text < '2050';
  return element(short ? TAG.utcTime : TAG.generalizedTime, Buffer.from(short ? text.slice(2) : text, 'ascii'));
}
