import assert from 'node:assert/strict';
import { identityFromClaims } from '../../src/proof/index.ts';
import { anchorOf, claimsOf, ISSUERS, NOW, refused } from './support.ts';

const anchor = anchorOf('oidc');
const read = (changes: Record<string, unknown> = {}) => identityFromClaims(anchor, claimsOf('oidc', changes), NOW);

describe('a token of any other OpenID Connect issuer', () => {
  it('is held by its sub and has no attributes of its own', () => {
    const identity = read();
    assert.deepEqual(identity.holder, { subject: 'client@clients' });
    assert.equal(identity.attributes.size, 0);
  });

  it('gets no kubernetes or github attributes by carrying their claims', () => {
    const foreign: Record<string, unknown> = {
      ...claimsOf('github'),
      ...claimsOf('kubernetes'),
      iss: ISSUERS.oidc,
      aud: 'satgate',
    };
    const identity = identityFromClaims(anchor, foreign, NOW);
    assert.equal(identity.attributes.size, 0);
    assert.deepEqual(identity.holder, { subject: String(foreign.sub) });
  });

  it('§11.3: is refused if Keycloak marks it as a refresh token', () => {
    for (const typ of ['Refresh', 'Offline']) assert.throws(() => read({ typ }), refused('token_type'));
    for (const typ of ['Bearer', 'ID', undefined, 1]) assert.ok(read({ typ }));
  });

  it("ID-4: is refused if it comes of a person's sign-in", () => {
    assert.throws(() => read({ nonce: 'n', at_hash: 'h' }), refused('interactive_token'));
    assert.ok(read({ nonce: 'n' }));
    assert.ok(read({ at_hash: 'h' }));
  });
});

describe('explaining claims that nobody signed', () => {
  it('reads them as a proof is read, with or without their times', () => {
    const claims = claimsOf('kubernetes', { exp: NOW - 1, iat: NOW - 600 });
    const kubernetes = anchorOf('kubernetes');
    assert.throws(() => identityFromClaims(kubernetes, claims, NOW), refused('expired'));
    assert.equal(identityFromClaims(kubernetes, claims).attributes.get('namespace'), 'ai-agents');
    const timeless = claimsOf('kubernetes', { exp: undefined, iat: undefined, iss: undefined });
    const identity = identityFromClaims(kubernetes, timeless);
    assert.deepEqual([identity.issuedAt, identity.expiresAt, identity.issuer], [0, 0, kubernetes.issuer]);
    assert.throws(() => identityFromClaims(kubernetes, timeless, NOW), refused('no_expiry'));
  });

  it('refuses claims of another issuer, and those that the provider would refuse', () => {
    assert.throws(() => read({ iss: 'https://other.example' }), refused('unknown_issuer'));
    assert.throws(() => identityFromClaims(anchor, claimsOf('oidc', { aud: undefined })), refused('claims'));
  });
});
