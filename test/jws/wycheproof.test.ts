/**
 * Project Wycheproof's JOSE vectors. They judge libraries of every algorithm; ours accepts less by design, so each
 * file's outcome is stated as a table: Wycheproof's verdict and ours → how many.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importJwkSet, requireSignature, SIGNATURE_ALGORITHMS, verifyJws } from '../../src/jws/index.ts';
import { openJws } from '../../src/jws/parse.ts';
import { outcomeOf } from './support.ts';

const folder = join(
  process.env.TRUSTMINT_VECTORS ?? join(import.meta.dirname, '../../../shared/vectors'),
  'wycheproof',
);

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid';
  readonly jws?: unknown;
  readonly jwe?: unknown;
}

interface Group {
  readonly comment: string;
  readonly public?: object;
  readonly private?: object;
  readonly tests: readonly Vector[];
}

type Row = { id: number; wycheproof: string; ours: string; what: string };

/** Each vector of one file that is a string, with the keys of its group that we would use. */
function vectorsOf(file: string) {
  const { testGroups } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { testGroups: Group[] };
  return testGroups.flatMap((group) => {
    const material = group.public ?? group.private ?? {};
    const { keys } = importJwkSet(JSON.stringify('keys' in material ? material : { keys: [material] }));
    return group.tests.flatMap(({ jws }) => (typeof jws === 'string' ? [{ jws, keys }] : []));
  });
}

async function run(file: string): Promise<Row[]> {
  const { testGroups } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { testGroups: Group[] };
  const rows: Row[] = [];
  for (const group of testGroups) {
    const material = group.public ?? group.private ?? {};
    const jwks = JSON.stringify('keys' in material ? material : { keys: [material] });
    for (const vector of group.tests) {
      const token = vector.jws ?? vector.jwe;
      const text = typeof token === 'string' ? token : JSON.stringify(token);
      const ours = await outcomeOf(() => verifyJws(openJws(text), importJwkSet(jwks).keys, SIGNATURE_ALGORITHMS));
      rows.push({ id: vector.tcId, wycheproof: vector.result, ours, what: `${group.comment}/${vector.comment}` });
    }
  }
  return rows;
}

function tally(rows: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { wycheproof, ours } of rows) {
    const key = `${wycheproof}: ${ours}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe('Wycheproof JOSE vectors', () => {
  before(function () {
    if (existsSync(folder)) return;
    const message = `Wycheproof vectors are absent: ${folder} (set TRUSTMINT_VECTORS)`;
    if (process.env.CI === 'true') throw new Error(message);
    console.warn(`SKIPPED, NOT PASSED: ${message}`);
    this.skip();
  });

  it('web signature: 401 vectors, no invalid one accepted, and 20 valid ones refused for a stated reason', async () => {
    const rows = await run('json_web_signature_test.json');
    assert.deepEqual(tally(rows), {
      'valid: accepted': 26,
      // HS256: proofs are never symmetric (JB-9).
      'valid: algorithm_symmetric': 9,
      // An empty payload is no JSON object.
      'valid: not_compact': 6,
      // PS384 under a JWK of alg PS256 (2), and ES512 under one of alg "ES521", which no RFC knows (2): JB-1.
      'valid: no_key': 4,
      // "InvalidCharacterInsertedInHeader": RFC 7515 §2 knows no other characters.
      'valid: base64url': 1,
      'invalid: algorithm_symmetric': 16,
      'invalid: not_compact': 34,
      'invalid: json_serialization': 1,
      'invalid: signature': 290,
      'invalid: no_key': 11,
      'invalid: header_jwk': 1,
      'invalid: base64url': 2,
    });
    assert.deepEqual(
      rows.filter((r) => r.wycheproof === 'valid' && r.ours === 'no_key').map((r) => r.what),
      ['rfc7520/Figure20', 'rfc7520/Figure27', 'rfc7520WithKeyOps/Figure20', 'rfc7520WithKeyOps/Figure27'],
    );
  });

  it('web key: 26 vectors, no invalid one accepted, and only symmetric keys refused though valid', async () => {
    assert.deepEqual(tally(await run('json_web_key_test.json')), {
      'valid: accepted': 1,
      'valid: algorithm_symmetric': 4,
      'invalid: algorithm_symmetric': 11,
      // Includes the ROCA key, points off the curve, and keys whose use or alg is another's.
      'invalid: no_key': 8,
      'invalid: not_compact': 2,
    });
  });

  it('web crypto: 83 vectors, no invalid one accepted, no symmetric or encrypted one either', async () => {
    assert.deepEqual(tally(await run('json_web_crypto_test.json')), {
      'valid: accepted': 2,
      'valid: algorithm_symmetric': 2,
      'valid: encrypted': 2,
      'invalid: algorithm_symmetric': 6,
      'invalid: not_compact': 40,
      'invalid: json_serialization': 2,
      'invalid: signature': 4,
      'invalid: no_key': 3,
      'invalid: header_jwk': 1,
      'invalid: encrypted': 21,
    });
  });

  it('one key that a kid chose, and its one algorithm, come to the same verdict as a set of one key', async () => {
    let judged = 0;
    for (const file of ['json_web_signature_test.json', 'json_web_crypto_test.json']) {
      for (const { jws, keys } of vectorsOf(file)) {
        const [key] = keys;
        if (keys.length !== 1 || !key) continue;
        for (const alg of key.algorithms) {
          const one = await outcomeOf(() => requireSignature(openJws(jws), { alg, publicKey: key.key }));
          const set = await outcomeOf(() => verifyJws(openJws(jws), keys, [alg]));
          // A set heeds the kid of its keys; here that was the caller's.
          if (set !== 'no_key') assert.equal(one, set);
          judged += 1;
        }
      }
    }
    assert.ok(judged > 300);
  });

  it('JB-2: web encryption: all 139 vectors are refused', async () => {
    const rows = await run('json_web_encryption_test.json');
    assert.equal(rows.length, 139);
    assert.deepEqual(
      rows.filter((r) => r.ours === 'accepted'),
      [],
    );
    assert.deepEqual(tally(rows), {
      'valid: encrypted': 65,
      'invalid: encrypted': 63,
      'invalid: not_compact': 10,
      'invalid: json_serialization': 1,
    });
  });
});
