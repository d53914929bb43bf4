import assert from 'node:assert/strict';
import { ProofError } from '../../src/proof/index.ts';
import { anchorOf, claimsOf, directory, ISSUERS, NOW, outage, PROVIDERS, refused, Signer, setup } from './support.ts';

describe('verifying a proof against the anchors of its issuer', () => {
  it('asks nobody about an issuer that no policy names, nor about a proof whose claims are refused anyway', async () => {
    const { signer, verify, keys } = setup([anchorOf('oidc')]);
    for (const iss of ['https://evil.example/', 'http://169.254.169.254/']) {
      await assert.rejects(verify(await signer.token(claimsOf('oidc', { iss }))), refused('unknown_issuer'));
    }
    await assert.rejects(verify(await signer.token(claimsOf('oidc', { exp: NOW, iat: NOW - 9 }))), refused('expired'));
    await assert.rejects(verify(await signer.token(claimsOf('oidc'), 'at+jwt')), refused('token_type'));
    assert.deepEqual(keys.asked, []);
  });

  it('P24: with no anchors at all, nothing is accepted', async () => {
    const { signer, verify } = setup([]);
    for (const provider of PROVIDERS) {
      await assert.rejects(verify(await signer.token(claimsOf(provider))), refused('unknown_issuer'));
    }
  });

  it('K8-2: says of a legacy Secret token that it is one, though its issuer is unknown', async () => {
    const { signer, verify } = setup([anchorOf('kubernetes')]);
    const token = await signer.token(claimsOf('kubernetes', { iss: 'kubernetes/serviceaccount' }));
    await assert.rejects(verify(token), refused('legacy_token'));
  });

  it('P14: one subject at two issuers is two identities, and the key of one speaks for no other', async () => {
    const a = anchorOf('oidc', { id: 'a', issuer: 'https://a.example' });
    const b = anchorOf('oidc', { id: 'b', issuer: 'https://b.example' });
    const { signer, verify, keys } = setup([a, b]);
    const other = new Signer('k1');
    keys.publish(b, other.jwk);
    const [fromA] = await verify(await signer.token(claimsOf('oidc', { iss: a.issuer })));
    const [fromB] = await verify(await other.token(claimsOf('oidc', { iss: b.issuer })));
    assert.deepEqual([fromA?.subject, fromB?.subject], ['client@clients', 'client@clients']);
    assert.deepEqual([fromA?.anchor, fromB?.anchor, fromA?.issuer, fromB?.issuer], ['a', 'b', a.issuer, b.issuer]);
    await assert.rejects(verify(await signer.token(claimsOf('oidc', { iss: b.issuer }))), refused('signature'));
  });

  it('P15, JB-4: two clusters of one issuer are two anchors, each with its own keys', async () => {
    const east = anchorOf('kubernetes', { id: 'east' });
    const west = anchorOf('kubernetes', { id: 'west' });
    const { signer, verify, keys } = setup([east, west]);
    const western = new Signer('k1');
    keys.publish(west, western.jwk);
    const anchors = async (token: string) => (await verify(token)).map((identity) => identity.anchor);
    assert.deepEqual(await anchors(await signer.token(claimsOf('kubernetes'))), ['east']);
    assert.deepEqual(await anchors(await western.token(claimsOf('kubernetes'))), ['west']);
    keys.publish(west, signer.jwk);
    assert.deepEqual(await anchors(await signer.token(claimsOf('kubernetes'))), ['east', 'west']);
  });

  it('reads the claims as each anchor’s provider does, and drops the anchors that refuse them', async () => {
    const issuer = ISSUERS.kubernetes;
    const generic = anchorOf('oidc', { id: 'generic', issuer });
    const { signer, verify } = setup([generic, anchorOf('kubernetes')]);
    const both = await verify(await signer.token(claimsOf('kubernetes')));
    assert.deepEqual(
      both.map((identity) => [identity.provider, identity.attributes.size]),
      [
        ['oidc', 0],
        ['kubernetes', 6],
      ],
    );
    const [only, ...none] = await verify(await signer.token(claimsOf('kubernetes', { sub: 'someone' })));
    assert.deepEqual([only?.provider, none], ['oidc', []]);
  });

  it('is an outage if one anchor cannot be asked, even where another takes the proof', async () => {
    const up = anchorOf('oidc', { id: 'up' });
    const down = anchorOf('oidc', { id: 'down' });
    const { signer, verify, keys } = setup([up, down]);
    const error = new ProofError('keys_unavailable', 'no keys', { outage: true, retryAfter: 7 });
    keys.fail(down, error);
    const token = await signer.token(claimsOf('oidc'));
    await assert.rejects(verify(token), (thrown) => thrown === error && outage('keys_unavailable')(thrown));
    keys.publish(down, signer.jwk);
    assert.equal((await verify(token)).length, 2);
  });

  it('asks at most 8 anchors', async () => {
    const anchors = Array.from({ length: 12 }, (_, i) => anchorOf('oidc', { id: `a${i}` }));
    const { signer, verify, keys } = setup(anchors);
    assert.equal((await verify(await signer.token(claimsOf('oidc')))).length, 8);
    assert.equal(keys.asked.length, 8);
  });

  it('uses no anchor whose issuer is not the proof’s, whatever the directory answers', async () => {
    const { signer, verifier } = setup([anchorOf('oidc')]);
    const careless = { generation: 'g', anchorsOf: () => [anchorOf('oidc', { issuer: 'https://other.example' })] };
    const token = await signer.token(claimsOf('oidc'));
    await assert.rejects(verifier.verify(token, careless), refused('unknown_issuer'));
  });

  it('reports the refusal that came furthest', async () => {
    const wrongAlgorithm = anchorOf('oidc', { id: 'algorithm', algorithms: ['EdDSA'] });
    const otherKid = anchorOf('oidc', { id: 'kid' });
    const otherKey = anchorOf('oidc', { id: 'key' });
    const { signer, keys, verifier } = setup([wrongAlgorithm, otherKid, otherKey]);
    keys.publish(otherKid, new Signer('k2').jwk);
    keys.publish(otherKey, new Signer('k1').jwk);
    const token = await signer.token(claimsOf('oidc'));
    const against = (...anchors: Parameters<typeof directory>) => verifier.verify(token, directory(...anchors));
    await assert.rejects(against(wrongAlgorithm), refused('algorithm'));
    await assert.rejects(against(wrongAlgorithm, otherKid), refused('unknown_kid'));
    await assert.rejects(against(otherKey, otherKid, wrongAlgorithm), refused('signature'));
    const misread = anchorOf('github', { id: 'misread', issuer: ISSUERS.oidc });
    keys.publish(misread, signer.jwk);
    await assert.rejects(against(misread, otherKey), refused('claims'));
  });

  it('§11.3: a key that states its issuer signs for that one alone, and a shared one for the tid in the token', async () => {
    const issuer = 'https://login.example/tenant-a/v2.0';
    const anchor = anchorOf('oidc', { issuer });
    const { signer, verify, keys } = setup([anchor]);
    const token = (tid: unknown) => signer.token(claimsOf('oidc', { iss: issuer, tid, jti: Math.random() }));
    keys.publish(anchor, { ...signer.jwk, issuer: 'https://login.example/{tenantid}/v2.0' });
    assert.equal((await verify(await token('tenant-a'))).length, 1);
    for (const tid of ['tenant-b', undefined, ['tenant-a'], '$&']) {
      await assert.rejects(verify(await token(tid)), refused('signature'));
    }
    keys.publish(anchor, { ...signer.jwk, issuer: 'https://login.example/tenant-b/v2.0' });
    await assert.rejects(verify(await token('tenant-a')), refused('signature'));
    keys.publish(anchor, { ...signer.jwk, issuer });
    assert.equal((await verify(await token(undefined))).length, 1);
  });

  it('never repeats the proof in what it says', async () => {
    const { signer, verify } = setup([anchorOf('oidc')]);
    const secret = 's3cret';
    for (const token of [
      await signer.token(claimsOf('oidc', { iss: secret })),
      await signer.token(claimsOf('oidc', { aud: [secret, 1] })),
      await signer.token(claimsOf('oidc'), secret),
      signer.raw({ alg: 'ES256', [secret]: 1 }, claimsOf('oidc')),
      signer.raw({ alg: secret }, claimsOf('oidc')),
      signer.raw({ alg: 'ES256' }, secret),
      secret,
    ]) {
      const error: unknown = await verify(token).catch((thrown) => thrown);
      assert.ok(error instanceof ProofError);
      assert.ok(!`${error.message} ${JSON.stringify(error)} ${error.cause}`.includes(secret), error.message);
    }
  });
});
