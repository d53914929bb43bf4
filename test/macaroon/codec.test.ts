import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeMacaroon,
  encodeMacaroon,
  MAX_CAVEATS,
  MAX_TOKEN_BYTES,
  MacaroonError,
  type RawMacaroon,
} from '../../src/macaroon/index.ts';
import { refused } from './support.ts';

const SIGNATURE = Buffer.alloc(32, 0xab);
const V2_SIGNATURE = Buffer.concat([Buffer.from([6, 32]), SIGNATURE]);

/** v2 binary of these bytes between the mark and the signature. */
function v2(body: string, ...end: Uint8Array[]): string {
  const parts = [Buffer.from([2]), Buffer.from(body, 'latin1'), ...(end.length > 0 ? end : [V2_SIGNATURE])];
  return Buffer.concat(parts).toString('base64url');
}

function packet(key: string, data: string): string {
  const rest = `${key} ${data}\n`;
  return (rest.length + 4).toString(16).padStart(4, '0') + rest;
}

function v1(...packets: string[]): string {
  return Buffer.from(packets.join(''), 'latin1').toString('base64url');
}

const ID = '\x02\x01i\x00';
const END = '\x00';
const V1_SIGNATURE = packet('signature', SIGNATURE.toString('latin1'));

const malformed: Record<string, string> = {
  nothing: '',
  'a JWT': 'eyJhbGciOiJub25lIn0.e30.',
  'an unknown format': Buffer.from('\x03abc').toString('base64url'),
  'base64 of JSON': Buffer.from('{"i":"a"}').toString('base64url'),
  'both base64 alphabets at once': v2(`\x02\x06\xfb\xef\xbe\xff\xff\xff\x00${END}`).replace('-', '+'),
  'base64 with a space': `${v2(`${ID}${END}`)} `,
  'base64 with stray bits': Buffer.concat([Buffer.from([2]), Buffer.from('\x02\x01i\x00\x00'), V2_SIGNATURE])
    .toString('base64url')
    .replace(/.$/, 'x'),
  'base64 with half its padding': `${v2(`${ID}${END}`)}=`,
  'v2: the mark alone': 'Ag',
  'v2: no identifier': v2(`\x00${END}`),
  'v2: identifier before location': v2(`\x02\x01i\x01\x01l\x00${END}`),
  'v2: a field twice': v2(`\x02\x01i\x02\x01j\x00${END}`),
  'v2: an unknown field': v2(`\x02\x01i\x07\x01x\x00${END}`),
  'v2: a vid in the header': v2(`\x02\x01i\x04\x01v\x00${END}`),
  'v2: a caveat without id': v2(`${ID}\x04\x01v\x00${END}`),
  'v2: a location on a first-party caveat': v2(`${ID}\x01\x01l\x02\x01c\x00${END}`),
  'v2: a field longer than the data': v2(`\x02\x7fi`, Buffer.alloc(0)),
  'v2: an unterminated number': v2('\x80', Buffer.alloc(0)),
  'v2: a length of 2^31': v2('\x02\x80\x80\x80\x80\x08', Buffer.alloc(0)),
  'v2: a length of ten bytes': v2(`\x02${'\xff'.repeat(9)}\x7f`, Buffer.alloc(0)),
  'v2: a length not in its shortest form': v2(`\x02\x81\x00i\x00${END}`),
  'v2: no end of caveats': v2(`${ID}\x02\x01c\x00`, Buffer.alloc(0)),
  'v2: no signature': v2(`${ID}${END}`, Buffer.alloc(0)),
  'v2: a short signature': v2(`${ID}${END}`, Buffer.from([6, 31]), SIGNATURE.subarray(1)),
  'v2: a long signature': v2(`${ID}${END}`, Buffer.from([6, 33]), SIGNATURE, SIGNATURE.subarray(31)),
  'v2: a byte after it': v2(`${ID}${END}`, V2_SIGNATURE, Buffer.from([0])),
  'v2: a second macaroon after it': v2(`${ID}${END}`, V2_SIGNATURE, Buffer.from(`\x02${ID}${END}`), V2_SIGNATURE),
  'v2: a location that is not UTF-8': v2(`\x01\x01\xff\x02\x01i\x00${END}`),
  'v1: a length in capitals': v1('001Alocation http://bank/\n', packet('identifier', 'i'), V1_SIGNATURE),
  'v1: a length too large': v1(packet('identifier', 'i'), '0015cid some data\n'),
  'v1: a length too small': v1('0003a\n'),
  'v1: a packet without space': v1('0014fieldwithoutanyspaceordata\n'),
  'v1: a packet without newline': v1(packet('identifier', 'i').replace('\n', 'x'), V1_SIGNATURE),
  'v1: no identifier': v1(packet('location', 'l'), V1_SIGNATURE),
  'v1: vid before cid': v1(packet('identifier', 'i'), packet('vid', 'v'), packet('cid', 'c'), V1_SIGNATURE),
  'v1: a location on a first-party caveat': v1(
    packet('identifier', 'i'),
    packet('cid', 'c'),
    packet('cl', 'l'),
    V1_SIGNATURE,
  ),
  'v1: an unknown packet': v1(packet('identifier', 'i'), packet('other', 'c'), V1_SIGNATURE),
  'v1: a short signature': v1(packet('identifier', 'i'), packet('signature', 'abc')),
  'v1: a second macaroon after it': v1(
    packet('identifier', 'i'),
    V1_SIGNATURE,
    packet('identifier', 'i'),
    V1_SIGNATURE,
  ),
  'v1: an identifier that is not UTF-8': v1(packet('identifier', '\xff'), V1_SIGNATURE),
  'JSON: cut off': '{"i":"a"',
  'JSON: no signature': '{"i":"a"}',
  'JSON: no identifier': `{"s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: another version': `{"v":3,"i":"a","s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: an unknown member': `{"i":"a","x":1,"s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: members of both versions': `{"i":"a","identifier":"a","signature":"${SIGNATURE.toString('hex')}"}`,
  'JSON: __proto__': `{"__proto__":{"i":"a"},"s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: a member twice': `{"i":"a","i":"b","s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: a member twice, once escaped': `{"i":"a","\\u0069":"b","s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: a member twice in a caveat': `{"i":"a","c":[{"i":"x","i":"y"}],"s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: an id that is a number': `{"i":1,"s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: caveats that are an object': `{"i":"a","c":{},"s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: a caveat that is a string': `{"i":"a","c":["x"],"s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: half a surrogate pair': `{"i":"\\ud800","s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: a location on a first-party caveat': `{"i":"a","c":[{"i":"x","l":"y"}],"s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: a signature that is not hexadecimal': `{"identifier":"a","signature":"${SIGNATURE.toString('hex')}zz"}`,
  'JSON: an id in two forms': `{"i":"a","i64":"YQ","s64":"${SIGNATURE.toString('base64')}"}`,
  'JSON: a vid in two forms': `{"i":"a","c":[{"i":"x","v":"y","v64":"eQ"}],"s64":"${SIGNATURE.toString('base64')}"}`,
};

describe('decoding a macaroon', () => {
  for (const [about, token] of Object.entries(malformed)) {
    it(`refuses ${about}`, () => {
      assert.throws(() => decodeMacaroon(token), refused('malformed'));
    });
  }

  it('accepts either base64 alphabet', () => {
    const token = v2(`\x02\x06\xfb\xef\xbe\xff\xff\xff\x00${END}`);
    assert.match(token, /-.*_/);
    assert.deepEqual(decodeMacaroon(token.replaceAll('-', '+').replaceAll('_', '/')), decodeMacaroon(token));
  });

  it('accepts the least macaroon of each form', () => {
    const forms: [string, string][] = [
      ['v2', v2(`${ID}${END}`)],
      ['v1', v1(packet('identifier', 'i'), V1_SIGNATURE)],
      ['v2-json', `{"i":"i","s64":"${SIGNATURE.toString('base64')}"}`],
      ['v1-json', `{"identifier":"i","signature":"${SIGNATURE.toString('hex')}"}`],
    ];
    for (const [format, token] of forms) {
      const raw = decodeMacaroon(token);
      assert.equal(raw.format, format);
      assert.equal(Buffer.from(raw.identifier).toString(), 'i');
      assert.deepEqual(Buffer.from(raw.signature), SIGNATURE);
      assert.deepEqual(raw.caveats, []);
    }
  });

  it('parses v1 by length: data may hold newlines', () => {
    const raw = decodeMacaroon(v1(packet('identifier', 'a\nb\n'), packet('cid', '\n'), V1_SIGNATURE));
    assert.equal(Buffer.from(raw.identifier).toString(), 'a\nb\n');
    assert.equal(Buffer.from(raw.caveats[0]!.id).toString(), '\n');
  });

  it('MA-4: refuses a token over 8 KiB before it parses anything', () => {
    assert.throws(() => decodeMacaroon('!'.repeat(MAX_TOKEN_BYTES + 1)), refused('too_large'));
    assert.throws(() => decodeMacaroon('!'.repeat(MAX_TOKEN_BYTES)), refused('malformed'));
    assert.throws(() => decodeMacaroon(new Uint8Array(MAX_TOKEN_BYTES + 1)), refused('too_large'));
    // Fewer characters than bytes.
    assert.throws(() => decodeMacaroon(`{"i":"${'\u20ac'.repeat(4000)}"}`), refused('too_large'));
  });

  it('MA-4: refuses more than 64 caveats, and one over 1 KiB, in every form', () => {
    const caveat = '\x02\x01c\x00';
    assert.equal(decodeMacaroon(v2(`${ID}${caveat.repeat(MAX_CAVEATS)}${END}`)).caveats.length, MAX_CAVEATS);
    const tooMany = [
      v2(`${ID}${caveat.repeat(MAX_CAVEATS + 1)}${END}`),
      v1(packet('identifier', 'i'), packet('cid', 'c').repeat(MAX_CAVEATS + 1), V1_SIGNATURE),
      JSON.stringify({ i: 'i', c: Array(MAX_CAVEATS + 1).fill({ i: 'c' }), s64: SIGNATURE.toString('base64') }),
    ];
    const long = 'c'.repeat(1025);
    const tooLong = [
      v2(`${ID}\x02\x81\x08${long}\x00${END}`),
      v1(packet('identifier', 'i'), packet('cid', long), V1_SIGNATURE),
      JSON.stringify({ identifier: 'i', caveats: [{ cid: long }], signature: SIGNATURE.toString('hex') }),
    ];
    for (const token of [...tooMany, ...tooLong]) assert.throws(() => decodeMacaroon(token), refused('too_large'));
  });

  it('throws nothing but its own error, whatever the bytes', () => {
    const text = fc.oneof(fc.string(), fc.base64String(), fc.json(), fc.string({ unit: 'binary' }));
    const bytes = fc.uint8Array({ maxLength: 120 });
    const framed = fc
      .tuple(fc.constantFrom(2, 0x30, 0x61, 0x7b), bytes)
      .map(([first, rest]) => Uint8Array.of(first, ...rest));
    const altered = fc
      .tuple(fc.constantFrom(...Object.values(malformed)), fc.nat(), text)
      .map(
        ([token, at, insert]) =>
          token.slice(0, at % (token.length + 1)) + insert + token.slice(at % (token.length + 1)),
      );
    fc.assert(
      fc.property(fc.oneof(text, bytes, framed, altered), (token: string | Uint8Array) => {
        try {
          decodeMacaroon(token);
        } catch (error) {
          assert.ok(error instanceof MacaroonError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('encoding a macaroon', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const location = fc.string({ minLength: 1, unit: 'grapheme', maxLength: 40 });
  const caveat = fc.oneof(
    fc.record({ id: bytes }),
    fc.record({ id: bytes, vid: bytes, location }),
    fc.record({ id: bytes, vid: bytes }),
  );
  const signature = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const caveats = fc.array(caveat, { maxLength: 12 });
  const macaroon: fc.Arbitrary<Omit<RawMacaroon, 'format'>> = fc.oneof(
    fc.record({ identifier: bytes, caveats, signature }),
    fc.record({ location, identifier: bytes, caveats, signature }),
  );

  it('gives base64url without padding that decodes to the same macaroon', () => {
    fc.assert(
      fc.property(macaroon, (given) => {
        const token = encodeMacaroon(given);
        assert.match(token, /^Ag[A-Za-z0-9_-]+$/);
        const { format, ...read } = decodeMacaroon(token);
        assert.equal(format, 'v2');
        assert.deepEqual(plain(read), plain(given));
        assert.equal(encodeMacaroon(read), token);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses to write what it would not read', () => {
    const id = new Uint8Array(1000);
    const given = { identifier: id, caveats: Array(6).fill({ id }), signature: SIGNATURE };
    assert.throws(() => encodeMacaroon(given), refused('too_large'));
  });
});

function plain({ identifier, caveats, signature, location }: Omit<RawMacaroon, 'format'>) {
  const hex = (bytes?: Uint8Array) => bytes && Buffer.from(bytes).toString('hex');
  return {
    location,
    identifier: hex(identifier),
    caveats: caveats.map((c) => ({ id: hex(c.id), vid: hex(c.vid), location: c.location })),
    signature: hex(signature),
  };
}
