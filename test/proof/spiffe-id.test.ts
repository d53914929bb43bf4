import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseSpiffeId } from '../../src/proof/spiffe-id.ts';

const isId = (text: string) => typeof parseSpiffeId(text) !== 'string';
const accepts = (...ids: string[]) => {
  for (const id of ids) assert.ok(isId(id), id);
};
const refuses = (...ids: string[]) => {
  for (const id of ids) assert.ok(!isId(id), id);
};

const TRUST_DOMAIN = /^[a-z0-9._-]$/;
const PATH = /^[A-Za-z0-9._-]$/;

/** The tables of go-spiffe's spiffeid/id_test.go and trustdomain_test.go (e9973f6), restated. */
describe('SPIFFE IDs', () => {
  it('SI-1: have the scheme spiffe and a trust domain', () => {
    assert.deepEqual(parseSpiffeId('spiffe://trustdomain'), { trustDomain: 'trustdomain', segments: [] });
    assert.deepEqual(parseSpiffeId('spiffe://trustdomain/a/B'), { trustDomain: 'trustdomain', segments: ['a', 'B'] });
    refuses(
      '',
      's',
      'spiffe:',
      'spiffe:/',
      'spiffe:/trustdomain/path',
      'trustdomain',
      '/path',
      'https://trustdomain/x',
    );
    refuses('spiffe://', 'spiffe:///', 'spiffe:///path', ' spiffe://trustdomain', 'spiffe://trustdomain/path ');
  });

  it('SI-1: have no query, fragment, userinfo or port', () => {
    refuses(
      'spiffe://trustdomain?q',
      'spiffe://trustdomain/path?q=1',
      'spiffe://trustdomain/path#f',
      'spiffe://trustdomain#f',
      'spiffe://user@trustdomain/path',
      'spiffe://user:pass@trustdomain/path',
      'spiffe://trustdomain:80/path',
      'spiffe://trustdomain:/path',
      'spiffe://[::1]/path',
    );
  });

  it('SI-2, SI-3: of all characters up to 255 have only those that each part may have', () => {
    for (let code = 0; code < 256; code++) {
      if (code === 0x2f) continue; // parts the segments
      const char = String.fromCodePoint(code);
      assert.equal(isId(`spiffe://trustdomain${char}/path`), TRUST_DOMAIN.test(char), `trust domain ${code}`);
      assert.equal(isId(`spiffe://trustdomain/path${char}`), PATH.test(char), `path ${code}`);
    }
    refuses('spiffe://trust$domain', 'spiffe://trustdomain/path$', 'spiffe://trustdomain/\u{1f92f}');
  });

  it('SI-2: have a trust domain of at most 255 bytes', () => {
    accepts(`spiffe://${'a'.repeat(255)}/path`);
    refuses(`spiffe://${'a'.repeat(256)}/path`);
  });

  it('SI-2, SI-3: are not percent-encoded', () => {
    refuses('spiffe://%F0%9F%A4%AF/path', 'spiffe://trustdomain/%F0%9F%A4%AF');
    refuses('spiffe://%62%61%64/path', 'spiffe://trustdomain/%62%61%64', 'spiffe://trustdomain/a%2Fb');
  });

  it('SI-3: have no empty segment and no trailing slash', () => {
    refuses('spiffe://trustdomain/', 'spiffe://trustdomain//', 'spiffe://trustdomain//path', 'spiffe://trustdomain/p/');
  });

  it('SI-3: have no dot segments, though segments may hold dots', () => {
    for (const path of ['.', './path', 'path/./other', 'path/..', '..', '../path', 'path/../other'])
      refuses(`spiffe://trustdomain/${path}`);
    accepts('spiffe://trustdomain/.path', 'spiffe://trustdomain/..path', 'spiffe://trustdomain/...');
  });

  it('SI-3: have at most 2048 bytes, all of which are read', () => {
    const longest = `spiffe://trustdomain/${'a'.repeat(2048 - 'spiffe://trustdomain/'.length)}`;
    assert.equal(longest.length, 2048);
    accepts(longest);
    refuses(`${longest}a`);
  });

  it('SI-4: have scheme and trust domain in lower case, and paths as they are', () => {
    refuses(
      'SPIFFE://trustdomain/path',
      'Spiffe://trustdomain',
      'spiffe://TrustDomain/path',
      'spiffe://trustdomain.ORG',
    );
    const [lower, upper] = [parseSpiffeId('spiffe://trustdomain/path'), parseSpiffeId('spiffe://trustdomain/Path')];
    assert.notDeepEqual(lower, upper);
  });

  it('are what they were put together from, and any other text is none', () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/).filter((text) => text !== '.' && text !== '..');
    const trustDomain = fc.stringMatching(/^[a-z0-9._-]{1,40}$/);
    fc.assert(
      fc.property(trustDomain, fc.array(segment, { maxLength: 6 }), (domain, segments) => {
        const text = ['spiffe:/', domain, ...segments].join('/');
        assert.deepEqual(parseSpiffeId(text), { trustDomain: domain, segments });
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (rest) => {
        const id = parseSpiffeId(`spiffe://${rest}`);
        if (typeof id !== 'string') assert.equal([id.trustDomain, ...id.segments].join('/'), rest);
      }),
    );
  });
});
