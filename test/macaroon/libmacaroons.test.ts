import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainValues, sameSignature } from '../../src/macaroon/chain.ts';
import { decodeMacaroon, encodeMacaroon, type RawMacaroon } from '../../src/macaroon/index.ts';
import { describeVectors } from './support.ts';

/** The files' lines are base64 of one serialised form (libmacaroons doc/tests.txt): v1 of its base64url text. */
function readLine(line: string): RawMacaroon {
  return decodeMacaroon(Buffer.from(line, 'base64'));
}

interface VerifyTest {
  readonly authorized: boolean;
  readonly key: Uint8Array;
  readonly exact: ReadonlySet<string>;
  readonly macaroon: RawMacaroon;
}

function parseVerifyTest(text: string): VerifyTest {
  const [, outcome, key, ...rest] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(outcome === 'authorized' || outcome === 'unauthorized');
  assert.ok(key?.startsWith('key '));
  const exact = rest.filter((line) => line.startsWith('exact ')).map((line) => line.slice('exact '.length));
  const macaroons = rest.filter((line) => !line.startsWith('exact '));
  assert.equal(macaroons.length, 1);
  return {
    authorized: outcome === 'authorized',
    key: Buffer.from(key!.slice('key '.length)),
    exact: new Set(exact),
    macaroon: readLine(macaroons[0]!),
  };
}

/** libmacaroons' verifier with exact predicates, over our codec and chain. */
function isAuthorized({ key, exact, macaroon }: VerifyTest): boolean {
  const caveats = macaroon.caveats.map((caveat) => caveat.id);
  const values = chainValues(key, macaroon.identifier, caveats);
  const holds = caveats.every((caveat) => exact.has(Buffer.from(caveat).toString()));
  return sameSignature(values.at(-1)!, macaroon.signature) && holds;
}

describeVectors('libmacaroons vectors', 'libmacaroons', (path) => {
  const files = readdirSync(path);
  const verifyTests = files.filter((file) => file.endsWith('.vtest'));
  const triples = files.filter((file) => file.startsWith('serialization_'));

  it('are all there', () => {
    assert.equal(verifyTests.length, 16);
    assert.equal(triples.length, 3);
  });

  for (const file of verifyTests) {
    const test = parseVerifyTest(readFileSync(join(path, file), 'utf8'));
    it(`${file} is ${test.authorized ? 'authorized' : 'unauthorized'}`, () => {
      assert.equal(isAuthorized(test), test.authorized);
    });
  }

  for (const file of triples) {
    it(`${file}: v1, v2 and v2 JSON are one macaroon, and v2 is written as libmacaroons writes it`, () => {
      const lines = readFileSync(join(path, file), 'utf8').trim().split('\n');
      const forms = new Map(lines.map((line) => line.split(' ') as [string, string]));
      assert.deepEqual([...forms.keys()], ['v1', 'v2', 'v2j']);
      const read = [...forms.values()].map(readLine);
      assert.deepEqual(
        read.map(({ format }) => format),
        ['v1', 'v2', 'v2-json'],
      );
      const plain = read.map(({ format: _, ...rest }) => JSON.stringify(rest, bytesAsHex));
      assert.equal(plain[0], plain[1]);
      assert.equal(plain[0], plain[2]);
      const v2 = forms.get('v2')!.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
      for (const macaroon of read) assert.equal(encodeMacaroon(macaroon), v2);
    });
  }
});

function bytesAsHex(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  // A Buffer has turned itself into this before a replacer sees it.
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && 'data' in value;
  return isBuffer ? Buffer.from(value.data as number[]).toString('hex') : value;
}
