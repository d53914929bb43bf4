/**
 * Values published by other implementations, restated: go-macaroon/macaroon 1679699 (BSD-3-Clause; the macaroon of the
 * libmacaroons README) and ecordell/pymacaroons 78c55c1 (MIT; some made by go-macaroon).
 */
import assert from 'node:assert/strict';
import { chainValues } from '../../src/macaroon/chain.ts';
import { hmacSha256 } from '../../src/macaroon/hmac.ts';
import { decodeMacaroon, encodeMacaroon, type RawMacaroon, verifyMacaroon } from '../../src/macaroon/index.ts';
import { ROOT_KEY, refused } from './support.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** HMAC(key, HMAC(key, a) || HMAC(key, b)): how a third-party caveat enters the chain, and how a discharge is bound. */
function hmacOfTwo(key: Uint8Array, a: Uint8Array, b: Uint8Array): Buffer {
  return hmacSha256(key, Buffer.concat([hmacSha256(key, a), hmacSha256(key, b)]));
}

function bind(root: Uint8Array, discharge: Uint8Array): Buffer {
  return hmacOfTwo(new Uint8Array(32), root, discharge);
}

function signature(rootKey: string, { identifier, caveats }: RawMacaroon): string {
  let value = chainValues(Buffer.from(rootKey), identifier, [])[0]!;
  for (const { id, vid } of caveats) value = vid ? hmacOfTwo(value, vid, id) : hmacSha256(value, id);
  return hex(value);
}

function signatureOf(rootKey: string, identifier: string, ...caveats: string[]): Buffer {
  const ids = caveats.map((caveat) => Buffer.from(caveat));
  return chainValues(Buffer.from(rootKey), Buffer.from(identifier), ids).at(-1)!;
}

const README_VID = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA027FAuBYhtHwJ58FX6UlVNFtFsGxQHS7uD_w_dedwv4Jjw7UorCREw5rXbRqIKhr';
const README_SIGNATURE = 'd27db2fd1f22760e4c3dae8137e2d8fc1df6c0741c18aed4b97256bf78d1f55c';
const README_KEY = 'this is a different super-secret key; never use the same secret twice';

const readmeForms: Record<string, string> = {
  'v1 binary':
    'MDAxY2xvY2F0aW9uIGh0dHA6Ly9teWJhbmsvCjAwMmNpZGVudGlmaWVyIHdlIHVzZWQgb3VyIG90aGVyIHNlY3JldCBrZXkKMDAxZGNpZCBhY2NvdW50ID0gMzczNTkyODU1OQowMDMwY2lkIHRoaXMgd2FzIGhvdyB3ZSByZW1pbmQgYXV0aCBvZiBrZXkvcHJlZAowMDUxdmlkIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAANNuxQLgWIbR8CefBV-lJVTRbRbBsUB0u7g_8P3XncL-CY8O1KKwkRMOa120aiCoawowMDFiY2wgaHR0cDovL2F1dGgubXliYW5rLwowMDJmc2lnbmF0dXJlINJ9sv0fInYOTD2ugTfi2Pwd9sB0HBiu1LlyVr940fVcCg',
  'v1 JSON': `{"caveats":[{"cid":"account = 3735928559"},{"cid":"this was how we remind auth of key\\/pred","vid":"${README_VID}","cl":"http:\\/\\/auth.mybank\\/"}],"location":"http:\\/\\/mybank\\/","identifier":"we used our other secret key","signature":"${README_SIGNATURE}"}`,
  'v2 JSON of standard base64':
    '{"c":[{"i64":"YWNjb3VudCA9IDM3MzU5Mjg1NTk="},{"i64":"dGhpcyB3YXMgaG93IHdlIHJlbWluZCBhdXRoIG9mIGtleS9wcmVk","v64":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA027FAuBYhtHwJ58FX6UlVNFtFsGxQHS7uD/w/dedwv4Jjw7UorCREw5rXbRqIKhr","l":"http://auth.mybank/"}],"l":"http://mybank/","i64":"d2UgdXNlZCBvdXIgb3RoZXIgc2VjcmV0IGtleQ==","s64":"0n2y/R8idg5MPa6BN+LY/B32wHQcGK7UuXJWv3jR9Vw="}',
  'v2 JSON of URL-safe base64': `{"c":[{"i64":"YWNjb3VudCA9IDM3MzU5Mjg1NTk"},{"i64":"dGhpcyB3YXMgaG93IHdlIHJlbWluZCBhdXRoIG9mIGtleS9wcmVk","v64":"${README_VID}","l":"http://auth.mybank/"}],"l":"http://mybank/","i64":"d2UgdXNlZCBvdXIgb3RoZXIgc2VjcmV0IGtleQ","s64":"0n2y_R8idg5MPa6BN-LY_B32wHQcGK7UuXJWv3jR9Vw"}`,
  'v2 JSON of strings': `{"v":"2","c":[{"i":"account = 3735928559"},{"i":"this was how we remind auth of key/pred","v64":"${README_VID}","l":"http://auth.mybank/"}],"l":"http://mybank/","i":"we used our other secret key","s64":"0n2y_R8idg5MPa6BN-LY_B32wHQcGK7UuXJWv3jR9Vw"}`,
};

const readmeV2 = Buffer.concat([
  Buffer.from('\x02\x01\x0ehttp://mybank/\x02\x1cwe used our other secret key\x00\x02\x14account = 3735928559\x00'),
  Buffer.from("\x01\x13http://auth.mybank/\x02'this was how we remind auth of key/pred\x04\x48"),
  Buffer.from(README_VID, 'base64url'),
  Buffer.from('\x00\x00\x06\x20'),
  Buffer.from(README_SIGNATURE, 'hex'),
]);
readmeForms['v2 binary, standard base64'] = readmeV2.toString('base64');
readmeForms['v2 binary, URL-safe base64'] = readmeV2.toString('base64url');

describe('facts published by go-macaroon', () => {
  for (const [form, token] of Object.entries(readmeForms)) {
    it(`the README macaroon reads the same from ${form}, and its chain holds`, () => {
      const macaroon = decodeMacaroon(token);
      assert.equal(macaroon.location, 'http://mybank/');
      assert.equal(text(macaroon.identifier), 'we used our other secret key');
      assert.equal(hex(macaroon.signature), README_SIGNATURE);
      const [first, third, ...more] = macaroon.caveats;
      assert.equal(more.length, 0);
      assert.deepEqual([text(first!.id), first!.vid, first!.location], ['account = 3735928559', undefined, undefined]);
      assert.equal(text(third!.id), 'this was how we remind auth of key/pred');
      assert.equal(Buffer.from(third!.vid!).toString('base64url'), README_VID);
      assert.equal(third!.location, 'http://auth.mybank/');
      assert.equal(signature(README_KEY, macaroon), README_SIGNATURE);
      assert.equal(encodeMacaroon(macaroon), readmeV2.toString('base64url'));
    });
  }

  it('MA-1: a macaroon with a third-party caveat is refused by the verifier, its discharges unasked', () => {
    const outcome = verifyMacaroon(readmeV2.toString('base64url'), {
      rootKey: () => ROOT_KEY,
      audience: 'x',
      now: 0,
      call: {},
    });
    assert.deepEqual(outcome, { ok: false, reason: 'third_party' });
  });

  const SIGNATURE_64 = '"s64":"0n2y/R8idg5MPa6BN+LY/B32wHQcGK7UuXJWv3jR9Vw"';
  const bad: Record<string, string> = {
    'ambiguous id': '{"i":"hello","i64":"abcd","s64":"ZDI3ZGIyZmQxZjIyNzYwZTRjM2RhZTgxMzdlMmQ4ZmMK"}',
    'ambiguous signature': '{"i":"hello","s":"345","s64":"543467"}',
    'signature too short': '{"i":"hello","s64":"0n2y/R8idg5MPa6BN+LY/B32wHQcGK7UuXJWv3jR9Q"}',
    'signature too long': '{"i":"hello","s64":"0n2y/R8idg5MPa6BN+LY/B32wHQcGK7UuXJWv3jR9dP1"}',
    'ambiguous caveat id': `{"i":"hello",${SIGNATURE_64},"c":[{"i":"hello","i64":"00"}]}`,
    'ambiguous caveat vid': `{"i":"hello",${SIGNATURE_64},"c":[{"i":"hello","v":"hello","v64":"00"}]}`,
  };
  for (const [about, token] of Object.entries(bad)) {
    it(`JSON with ${about} is refused`, () => {
      assert.throws(() => decodeMacaroon(token), refused('malformed'));
    });
  }
});

describe('facts published by pymacaroons', () => {
  const key = 'this is our super secret key; only we should know it';

  it('signatures without a caveat, with one, and with one of a third party', () => {
    const id = 'we used our secret key';
    assert.equal(hex(signatureOf(key, id)), 'e3d9e02908526c4c0039ae15114115d97fdd68bf2ba379b342aaf0f617d0552f');
    assert.equal(
      hex(signatureOf(key, id, 'test = caveat')),
      '197bac7a044af33332865b9266e26d493bdd668a660e44d88ce1a998c23dbd67',
    );
  });

  it('a discharge bound to its root', () => {
    const discharge = signatureOf(
      '4; guaranteed random by a fair toss of the dice',
      'this was how we remind auth of key/pred',
      'time < 2015-01-01T00:00',
    );
    const bound = bind(Buffer.from(README_SIGNATURE, 'hex'), discharge);
    assert.equal(hex(bound), '2eb01d0dd2b4475330739140188648cf25dda0425ea9f661f1574ca0a9eac54e');
  });

  it('v1 binary, with padding and without', () => {
    const token =
      'MDAxY2xvY2F0aW9uIGh0dHA6Ly9teWJhbmsvCjAwMjZpZGVudGlmaWVyIHdlIHVzZWQgb3VyIHNlY3JldCBrZXkKMDAxN2NpZCB0ZXN0ID0gYWNhdmVhdAowMDJmc2lnbmF0dXJlIJRJ_V3WNJQnqlVq5eez7spnltwU_AXs8NIRY739sHooCg';
    for (const form of [token, `${token}==`]) {
      const macaroon = decodeMacaroon(form);
      assert.equal(macaroon.format, 'v1');
      assert.equal(hex(macaroon.signature), '9449fd5dd6349427aa556ae5e7b3eeca6796dc14fc05ecf0d21163bdfdb07a28');
      assert.equal(signature(key, macaroon), hex(macaroon.signature));
    }
  });

  it('v1 JSON with null for what is absent', () => {
    const macaroon = decodeMacaroon(
      '{"location": "http://mybank/", "identifier": "we used our secret key", "signature": "197bac7a044af33332865b9266e26d493bdd668a660e44d88ce1a998c23dbd67", "caveats": [{"cl": null, "cid": "test = caveat", "vid": null}]}',
    );
    assert.equal(signature(key, macaroon), hex(macaroon.signature));
  });

  const vid = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAp_MgxHrfLnfvNuYDozNKWTlRPPx6VemasWnPpJdAWE6FWmOuFX4sB4-a1oAURDp';
  const fromGo = [
    `{"caveats":[{"cid":"fp caveat"},{"cid":"tp caveat","vid":"${vid}","cl":"tp location"}],"location":"my location","identifier":"my identifier","signature":"483b3881c9990e5099cb6695da3164daa64da60417bcaf9e9dc4c0a9968f6636"}`,
    'MDAxOWxvY2F0aW9uIG15IGxvY2F0aW9uCjAwMWRpZGVudGlmaWVyIG15IGlkZW50aWZpZXIKMDAxMmNpZCBmcCBjYXZlYXQKMDAxMmNpZCB0cCBjYXZlYXQKMDA1MXZpZCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACn8yDEet8ud+825gOjM0pZOVE8/HpV6Zqxac+kl0BYToVaY64VfiwHj5rWgBREOkKMDAxM2NsIHRwIGxvY2F0aW9uCjAwMmZzaWduYXR1cmUgSDs4gcmZDlCZy2aV2jFk2qZNpgQXvK+encTAqZaPZjYK',
    `{"c":[{"i":"fp caveat"},{"i":"tp caveat","v64":"${vid}","l":"tp location"}],"l":"my location","i":"my identifier","s64":"SDs4gcmZDlCZy2aV2jFk2qZNpgQXvK-encTAqZaPZjY"}`,
    'AgELbXkgbG9jYXRpb24CDW15IGlkZW50aWZpZXIAAglmcCBjYXZlYXQAAQt0cCBsb2NhdGlvbgIJdHAgY2F2ZWF0BEgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACn8yDEet8ud+825gOjM0pZOVE8/HpV6Zqxac+kl0BYToVaY64VfiwHj5rWgBREOkAAAYgSDs4gcmZDlCZy2aV2jFk2qZNpgQXvK+encTAqZaPZjY',
  ];
  for (const token of fromGo) {
    it(`go-macaroon's ${decodeMacaroon(token).format} with a third-party caveat: its chain holds`, () => {
      assert.equal(signature('my secret key', decodeMacaroon(token)), hex(decodeMacaroon(token).signature));
    });
  }
});
