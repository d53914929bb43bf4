import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { Anchor } from '../../src/identity.ts';
import { signJws } from '../../src/jws/index.ts';
import { identityFromClaims, ProofError } from '../../src/proof/index.ts';
import { anchorOf, claimsOf, NOW, refused, Signer, setup } from './support.ts';

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const;
const TEMPLATE: Anchor['pathTemplate'] = [
  { literal: 'agent' },
  { field: 'tenantId' },
  { field: 'userId' },
  { field: 'agentType' },
  { field: 'agentId' },
];
const AGENT = 'spiffe://cluster.local/agent/tenant-1/alice/global-worker/agent-22962c27';

const spiffe = (changes: Partial<Anchor> = {}) =>
  anchorOf('spiffe', { algorithms: ALGORITHMS, pathTemplate: TEMPLATE, ...changes });
const svid = (changes: Record<string, unknown> = {}) => claimsOf('spiffe', { iss: undefined, sub: AGENT, ...changes });
const header = { alg: 'ES256', kid: 'k1' };

describe('a JWT-SVID', () => {
  const { signer, verify, keys } = setup([spiffe()]);

  it('is an identity of its trust domain, with the fields of the path template', async () => {
    const [identity, ...others] = await verify(await signer.token(svid()));
    assert.deepEqual(others, []);
    assert.deepEqual(
      [identity?.provider, identity?.issuer, identity?.subject],
      ['spiffe', 'spiffe://cluster.local', AGENT],
    );
    assert.deepEqual(Object.fromEntries(identity?.attributes ?? []), {
      id: AGENT,
      trustDomain: 'cluster.local',
      tenantId: 'tenant-1',
      userId: 'alice',
      agentType: 'global-worker',
      agentId: 'agent-22962c27',
    });
  });

  it('is held by its ID, and names no instance', async () => {
    const [identity] = await verify(await signer.token(svid()));
    assert.deepEqual(identity?.holder, { subject: AGENT });
  });

  it('has no fields of a path that the template does not match to its end, and no attribute from a claim', async () => {
    for (const path of ['agent/t/u/x', 'agent/t/u/x/y/z', 'agents/t/u/x/y', 'Agent/t/u/x/y']) {
      const sub = `spiffe://cluster.local/${path}`;
      const [identity] = await verify(await signer.token(svid({ sub, tenantId: 'evil', id: 'evil' })));
      assert.deepEqual(Object.fromEntries(identity?.attributes ?? []), { id: sub, trustDomain: 'cluster.local' });
    }
  });

  it('JS-1: is one compact JWS: no JSON serialization and no JWE', async () => {
    const token = await signer.token(svid());
    const [protectedHeader = '', payload = '', signature = ''] = token.split('.');
    const flattened = JSON.stringify({ protected: protectedHeader, payload, signature });
    const general = JSON.stringify({ payload, signatures: [{ protected: protectedHeader, signature }] });
    for (const text of [flattened, general, `${token}.AA.AA`, `${token}.AA`, 'invalid token']) {
      await assert.rejects(verify(text), refused('malformed'), text.slice(0, 40));
    }
  });

  it('JS-2: is signed by RS, ES or PS, and by no other algorithm, EdDSA and HMAC among them', async () => {
    const anchor = spiffe();
    const pairs = {
      RS: generateKeyPairSync('rsa', { modulusLength: 2048 }),
      ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
      ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
      EdDSA: generateKeyPairSync('ed25519'),
    };
    const pairOf = (alg: string) => pairs[alg as keyof typeof pairs] ?? pairs.RS;
    const world = setup([anchor]);
    for (const alg of [...ALGORITHMS, 'EdDSA', 'Ed25519'] as const) {
      const { publicKey, privateKey } = pairOf(alg === 'Ed25519' ? 'EdDSA' : alg);
      world.keys.publish(anchor, { ...publicKey.export({ format: 'jwk' }), kid: 'k1' });
      const token = await signJws({ alg, kid: 'k1' }, svid({ jti: alg }), privateKey);
      const verified = world.verify(token);
      if (alg === 'EdDSA' || alg === 'Ed25519') await assert.rejects(verified, refused('algorithm'), alg);
      else assert.equal((await verified).length, 1, alg);
    }
    const input = [{ alg: 'HS256', kid: 'k1' }, svid()]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const mac = createHmac('sha256', JSON.stringify(signer.jwk)).update(input).digest('base64url');
    await assert.rejects(verify(`${input}.${mac}`), refused('algorithm'));
  });

  it('JS-3: has typ JWT or JOSE in just that spelling, or none', async () => {
    for (const typ of ['JWT', 'JOSE', undefined])
      assert.equal((await verify(await signer.token(svid(), typ))).length, 1);
    for (const typ of ['jwt', 'jose', 'application/jwt', 'at+jwt', 'wit+jwt', 'invalid', '']) {
      await assert.rejects(verify(await signer.token(svid(), typ)), refused('token_type'), typ);
    }
  });

  it('JS-3, JS-7: is found by its kid: without one no key is asked for', async () => {
    keys.asked = [];
    await assert.rejects(verify(signer.raw({ alg: 'ES256' }, svid())), refused('header'));
    await assert.rejects(verify(signer.raw({ alg: 'ES256', kid: '' }, svid())), refused('header'));
    assert.deepEqual(keys.asked, []);
    await assert.rejects(verify(await new Signer('noKey').token(svid())), refused('unknown_kid'));
    await assert.rejects(verify(await new Signer('k1').token(svid())), refused('signature'));
  });

  it('JS-4: has no other header that means anything', async () => {
    for (const name of ['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip', 'cty', 'spiffe']) {
      await assert.rejects(verify(signer.raw({ ...header, [name]: 'x' }, svid())), refused('header'), name);
    }
  });

  it('JS-5: needs sub, aud and exp; and iat, for its age is limited', async () => {
    const without = async (name: string, code: Parameters<typeof refused>[0]) =>
      assert.rejects(verify(await signer.token(svid({ [name]: undefined }))), refused(code), name);
    await without('aud', 'claims');
    await without('exp', 'no_expiry');
    await without('iat', 'claims');
    // Without a sub nothing says which trust domain it is of.
    await without('sub', 'claims');
    await assert.rejects(verify(await signer.token(svid({ exp: NOW - 60, iat: NOW - 120 }))), refused('expired'));
  });

  it('JS-5, SI-4: has a SPIFFE ID as sub, spelled in the one way', async () => {
    const of = async (sub: unknown, code: Parameters<typeof refused>[0]) =>
      assert.rejects(verify(await signer.token(svid({ sub }))), refused(code), String(sub));
    for (const sub of [
      'spiffe://Cluster.local/agent',
      'spiffe://cluster.local/',
      'spiffe://cluster.local//agent',
      'spiffe://cluster.local/agent/../admin',
      'spiffe://cluster.local:443/agent',
      'spiffe://cluster.local/a%2fb',
      'spiffe://user@cluster.local/agent',
      'spiffe://',
      `spiffe://cluster.local/${'a'.repeat(2048)}`,
    ]) {
      await of(sub, 'claims');
    }
    for (const sub of ['invalid subject', 'SPIFFE://cluster.local/agent', 'cluster.local/agent'])
      await of(sub, 'claims');
    // An upper-case scheme is no SPIFFE ID, so that iss decides; and no trust domain has it.
    await assert.rejects(
      verify(await signer.token(svid({ sub: 'SPIFFE://cluster.local/agent', iss: 'https://spire.example' }))),
      refused('unknown_issuer'),
    );
  });

  it('SI-3: may have an ID of 2048 bytes', async () => {
    const prefix = 'spiffe://cluster.local/';
    const sub = prefix + 'a'.repeat(2048 - prefix.length);
    const [identity] = await verify(await signer.token(svid({ sub })));
    assert.equal(identity?.subject, sub);
  });

  it('JS-6: is judged by the trust domain of its sub, whatever its iss says', async () => {
    for (const iss of [undefined, 'issuer', 'https://idp.example/', 'spiffe://other.example', 7, ['x']]) {
      assert.equal((await verify(await signer.token(svid({ iss })))).length, 1, String(iss));
    }
    await assert.rejects(
      verify(await signer.token(svid({ sub: 'spiffe://another.domain/host', iss: 'spiffe://cluster.local' }))),
      refused('unknown_issuer'),
    );
  });

  it('JS-6, P14: two trust domains with the same paths and key names are two, and neither signs for the other', async () => {
    const other = spiffe({ id: 'other', issuer: 'spiffe://other.example' });
    const world = setup([spiffe(), other]);
    const theirs = new Signer('k1');
    world.keys.publish(other, theirs.jwk);
    const sub = AGENT.replace('cluster.local', 'other.example');
    await assert.rejects(world.verify(await world.signer.token(svid({ sub }))), refused('signature'));
    await assert.rejects(world.verify(await theirs.token(svid())), refused('signature'));
    const [ours] = await world.verify(await world.signer.token(svid()));
    const [their] = await world.verify(await theirs.token(svid({ sub })));
    assert.notEqual(ours?.holder.subject, their?.holder.subject);
    assert.equal(ours?.attributes.get('agentId'), their?.attributes.get('agentId'));
  });

  it('JS-6: is never judged by the anchors of its iss, nor is a plain token by those of a trust domain', async () => {
    const oidc = anchorOf('oidc');
    const world = setup([oidc, spiffe({ keys: { kind: 'inline', jwks: '{}' } })]);
    world.keys.publish(spiffe());
    await assert.rejects(world.verify(await world.signer.token(svid({ iss: oidc.issuer }))), refused('unknown_kid'));
    assert.ok(!world.keys.asked.some(({ anchor }) => anchor === oidc.id));
    const token = await world.signer.token(claimsOf('oidc', { iss: 'spiffe://cluster.local' }));
    await assert.rejects(world.verify(token), refused('claims'));
  });

  it('JS-7: of a domain without keys is invalid, each of them, and that is no outage', async () => {
    const anchor = spiffe();
    const world = setup([anchor]);
    const token = await world.signer.token(svid());
    assert.equal((await world.verify(token)).length, 1);
    world.keys.publish(anchor);
    await assert.rejects(world.verify(token), refused('unknown_kid'));
  });

  it('JS-8: may be shown again, with a jti or without', async () => {
    for (const jti of ['one', undefined]) {
      const token = await signer.token(svid({ jti }));
      assert.equal((await verify(token)).length, 1);
      assert.equal((await verify(token)).length, 1);
    }
  });

  it('JS-9: states every audience it has, in the order of the token, for the door to judge', async () => {
    for (const [aud, audiences] of [
      ['satgate', ['satgate']],
      [['satgate'], ['satgate']],
      [
        ['satgate', 'other'],
        ['satgate', 'other'],
      ],
      [
        ['satgate', 'satgate'],
        ['satgate', 'satgate'],
      ],
    ] as const) {
      const [identity] = await verify(await signer.token(svid({ aud })));
      assert.deepEqual(identity?.audiences, audiences);
    }
  });

  it('with two path templates is two identities, each with its own fields', async () => {
    const short = spiffe({ id: 'short', pathTemplate: [{ field: 'kind' }, { field: 'name' }] });
    const world = setup([spiffe(), short]);
    const [first, second] = await world.verify(await world.signer.token(svid({ sub: 'spiffe://cluster.local/job/x' })));
    assert.equal(first?.attributes.get('kind'), undefined);
    assert.deepEqual([second?.attributes.get('kind'), second?.attributes.get('name')], ['job', 'x']);
  });
});

describe('explaining the claims of an SVID', () => {
  it('takes them by their sub, and refuses those of another trust domain', () => {
    assert.equal(identityFromClaims(spiffe(), svid({ iss: 'anything' }), NOW).attributes.get('userId'), 'alice');
    for (const sub of ['spiffe://other.example/x', 'admin']) {
      assert.throws(() => identityFromClaims(spiffe(), svid({ sub })), ProofError, sub);
    }
    assert.throws(() => identityFromClaims(anchorOf('oidc'), svid()), refused('unknown_issuer'));
  });
});
