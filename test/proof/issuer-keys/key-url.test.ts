import assert from 'node:assert/strict';
import { discoveryUrl, namesLoopback, parseKeyUrl } from '../../../src/proof/issuer-keys/key-url.ts';

const refused = (text: string, loopback = false) =>
  assert.throws(() => parseKeyUrl(text, loopback), { name: 'KeySourceError', code: 'bad_url' }, text);

describe('key URLs', () => {
  it('ID-2: are https, without userinfo or fragment', () => {
    assert.equal(parseKeyUrl('https://a.example/keys?v=1', false).href, 'https://a.example/keys?v=1');
    for (const text of [
      ...['http://a.example/keys', 'ftp://a.example/', 'file:///etc/passwd', 'data:application/json,{}', '/keys', ''],
      ...['https://user@a.example/', 'https://u:p@a.example/', 'https://@a.example/', 'https://a.example/#x'],
      ...[
        'https://a.example/#',
        ' https://a.example/',
        'https://a.exam\tple/',
        'https:\\\\a.example\\',
        'https://ä.example/',
      ],
      ...['https:a.example', 'https:/a.example', `https://a.example/${'x'.repeat(2048)}`],
    ]) {
      refused(text);
    }
  });

  it('P10: name this machine, or use http, only where that is allowed, and http only for this machine', () => {
    const here = ['127.0.0.1', 'localhost', '[::1]', '127.1', '0x7f000001', '2130706433', 'LOCALHOST'];
    for (const host of here) {
      refused(`http://${host}:8080/`);
      refused(`https://${host}/`);
      assert.ok(namesLoopback(parseKeyUrl(`http://${host}:8080/`, true)), host);
    }
    for (const host of ['a.example', '10.0.0.1', '0.0.0.0', 'localhost.a.example', '127.0.0.1.nip.example']) {
      refused(`http://${host}/`, true);
    }
  });

  it('never show userinfo or a query in an error', () => {
    try {
      parseKeyUrl('http://a.example/keys\n\u001b[31m', false);
      assert.fail('was accepted');
    } catch (error) {
      assert.match((error as Error).message, /^[ -~]+$/);
    }
  });

  it('are found from the issuer by concatenation, one terminating slash taken off', () => {
    const path = '/.well-known/openid-configuration';
    for (const [issuer, expected] of [
      ['https://a.example', `https://a.example${path}`],
      ['https://a.example/', `https://a.example${path}`],
      ['https://a.example/id/ABC', `https://a.example/id/ABC${path}`],
      ['https://a.example/tenant/guid/', `https://a.example/tenant/guid${path}`],
    ] as const) {
      assert.equal(discoveryUrl(issuer, false).href, expected);
    }
    for (const issuer of ['https://a.example?x=', 'https://a.example#', 'accounts.google.com', 'http://a.example']) {
      assert.throws(() => discoveryUrl(issuer, true), { code: 'bad_url' }, issuer);
    }
  });
});
