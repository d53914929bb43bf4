import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decodeJwt } from 'jose';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { describeMacaroon } from '../../src/macaroon/index.ts';
import { ask, post } from '../server/support.ts';
import { cleanUp, type Mint, serve, trustmint, until } from './support.ts';

const AUDIENCE = 'https://mint.example.com';
const PATH = '/agent/tenant-1/alice/global-worker/agent-22962c27';
const ID = `spiffe://cluster.local${PATH}`;

describe('agents with SPIFFE IDs, by the published policy', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  const published = readFileSync(new URL('../../examples/policies/spiffe-agents.yaml', import.meta.url), 'utf8');
  const policy = (more = (text: string) => text) =>
    more(published.replace('https://spire-server.spire:8443', issuer.bundleUrl));
  before(async () => {
    issuer = await createDevIssuer();
    mint = await serve({ 'spiffe-agents.yaml': policy() });
  });
  after(async () => {
    await cleanUp();
    await issuer.close();
  });

  const svid = (more: object = {}) => issuer.sign({ kind: 'spiffe', path: PATH, audience: AUDIENCE, ...more });
  const refusal = async (proof: string) => {
    const { status, json } = await mint.exchange(proof);
    const record = mint.audit().find(({ id }) => id === json.correlation_id);
    return `${status} ${json.error} ${record?.refused.reason}`;
  };

  it('get a macaroon of their tenant, with the fields of their path, that verifies', async () => {
    const { status, json, text } = await mint.exchange(await svid());
    assert.equal(status, 200, text);
    assert.equal(json.label, 'agent-22962c27');
    assert.equal(json.policy, 'spiffe-agents');
    const { identifier, caveats } = describeMacaroon(json.token);
    assert.deepEqual([identifier?.sub, identifier?.ten], [ID, 'tenant-1']);
    const texts = caveats.map((caveat) => caveat.text);
    for (const one of ['tenant = tenant-1', 'user = alice', 'budget_credits <= 100'])
      assert.ok(texts.includes(one), one);
    const verified = await mint.verify(json.token);
    assert.deepEqual(
      [verified.json.active, verified.json.subject, verified.json.tenant, verified.json.attributes.user],
      [true, ID, 'tenant-1', 'alice'],
    );
  });

  it('share a budget by their ID, and by nothing else', async () => {
    const grant = async (more: object = {}) => (await mint.exchange(await svid(more))).json.grant_id;
    const first = await grant();
    assert.equal(await grant({ algorithm: 'RS256' }), first);
    assert.notEqual(await grant({ path: PATH.replace('agent-22962c27', 'agent-2') }), first);
    assert.notEqual(await grant({ path: PATH.replace('tenant-1', 'tenant-2') }), first);
  });

  it('are recorded with their ID and the fields that the policy read', async () => {
    const { json } = await mint.exchange(await svid());
    const { identity, outcome } = mint.audit().find(({ id }) => id === json.correlation_id);
    assert.deepEqual([outcome, identity.provider, identity.subject], ['granted', 'spiffe', ID]);
    for (const [name, value] of Object.entries({ tenantId: 'tenant-1', userId: 'alice', agentType: 'global-worker' }))
      assert.ok(JSON.stringify(identity).includes(`"${name}":"${value}"`), name);
  });

  it('P28: may show one SVID again, and get the same grant', async () => {
    const proof = await svid();
    const [first, second] = [await mint.exchange(proof), await mint.exchange(proof)];
    assert.equal(first.json.grant_id, second.json.grant_id);
    assert.notEqual(first.json.token, second.json.token);
  });

  it('JS-9: may have a second audience at this door', async () => {
    assert.equal((await mint.exchange(await svid({ audience: [AUDIENCE, 'other'] }))).status, 200);
    assert.match(await refusal(await svid({ audience: 'other' })), /^401 invalid_proof wrong_audience$/);
  });

  it('are refused, with the reason in the audit record alone, for what is no SVID of this trust domain', async () => {
    for (const [reason, more] of [
      ['unknown_issuer', { claims: { sub: ID.replace('cluster.local', 'other.example') } }],
      ['claims', { claims: { sub: ID.replace('cluster.local', 'Cluster.local') } }],
      ['claims', { claims: { sub: `${ID}/` } }],
      ['claims', { claims: { sub: 'alice', iss: 'spiffe://cluster.local' } }],
      ['no_expiry', { claims: { exp: null } }],
      [
        'expired',
        { ttl: 60, claims: { exp: Math.floor(Date.now() / 1000) - 1, iat: Math.floor(Date.now() / 1000) - 60 } },
      ],
    ] as const) {
      assert.equal(await refusal(await svid(more)), `401 invalid_proof ${reason}`, JSON.stringify(more));
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: ID, aud: AUDIENCE, iat: now, exp: now + 300 };
    for (const [header, reason] of [
      [{ alg: 'EdDSA', kid: 'k' }, 'algorithm'],
      [{ alg: 'ES256' }, 'header'],
      [{ alg: 'ES256', kid: 'k', typ: 'at+jwt' }, 'token_type'],
      [{ alg: 'ES256', kid: 'k', typ: 'wit+jwt' }, 'token_type'],
    ] as const) {
      const input = `${part(header)}.${part(claims)}`;
      const forged = `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
      assert.equal(await refusal(forged), `401 invalid_proof ${reason}`, JSON.stringify(header));
    }
  });

  it('get nothing by another path, which is told from a bad SVID', async () => {
    for (const path of ['/agent/tenant-1/alice/admin/agent-1', '/agent/tenant-1/alice/global-worker', '/job/nightly'])
      assert.equal(await refusal(await svid({ path })), '403 no_matching_policy no_rule', path);
  });

  it('are explained, from an SVID and from claims', async () => {
    const byProof = (await post(`${mint.ops}/explain`, { credentials: await svid() })).json;
    const claims = { sub: ID, aud: AUDIENCE };
    const byClaims = (await post(`${mint.ops}/explain`, { issuer: 'spiffe://cluster.local', claims })).json;
    for (const { granted, rules } of [byProof, byClaims]) {
      assert.equal(granted, true);
      assert.deepEqual(rules[0].predicates[0], {
        predicate: 'path.agentType',
        expected: '"global-worker"',
        actual: '"global-worker"',
        holds: true,
      });
    }
    const other = await post(`${mint.ops}/explain`, {
      issuer: 'spiffe://cluster.local',
      claims: { ...claims, sub: 'x' },
    });
    assert.match(other.json.detail, /^claims: /);
  });

  it('P16: are served with their trust domain’s keys, which /policies shows', async () => {
    const { json } = await ask(`${mint.ops}/policies`);
    const [one] = json.issuers;
    assert.deepEqual(
      [one.provider, one.issuer, one.source, one.keys, one.error],
      ['spiffe', 'spiffe://cluster.local', `bundle ${issuer.bundleUrl}`, 2, null],
    );
    assert.deepEqual(
      json.objects.map(({ kind, name, served }: Record<string, unknown>) => [kind, name, served]),
      [['ClusterTrustPolicy', 'spiffe-agents', true]],
    );
  });

  it('SB-1: of a key that is new are taken at once, and those of the former while it is published', async () => {
    const before = await svid();
    await issuer.rotate();
    assert.equal((await mint.exchange(await svid())).status, 200);
    assert.equal((await mint.exchange(before)).status, 200);
  });

  it('are refused where the policy is revoked, and so are their tokens', async () => {
    const { json } = await mint.exchange(await svid());
    mint.write(
      'spiffe-agents.yaml',
      policy((text) => `${text}state: Revoked\n`),
    );
    await until('the revocation', async () => (await mint.verify(json.token)).json.active === false);
    assert.equal(await refusal(await svid()), '403 no_matching_policy policy_revoked');
    mint.write('spiffe-agents.yaml', policy());
    await until('it is back', async () => (await mint.exchange(await svid())).status === 200);
  });

  it('get a JWT whose sub is their ID from a resource that takes JWTs, which the mint takes for no proof', async () => {
    const kind = { apiVersion: 'trustmint.dev/v1alpha1' };
    const other = await serve({
      'api.json': JSON.stringify({
        ...{ ...kind, kind: 'ProtectedResource', metadata: { name: 'api' } },
        spec: { audience: 'api', tokenType: 'JWT' },
      }),
      'agents.json': JSON.stringify({
        ...{ ...kind, kind: 'ClusterTrustPolicy', metadata: { name: 'agents' } },
        spec: {
          ...{ provider: 'spiffe', audience: AUDIENCE },
          spiffe: { trustDomain: 'cluster.local', bundle: { endpoint: { url: issuer.bundleUrl } } },
          trustRules: [
            { name: 'all', match: { id: 'spiffe://cluster.local/agent/**' }, issue: { resources: ['api'] } },
          ],
        },
      }),
    });
    // SI-3: the longest ID there is too.
    const longest = `${PATH}/`.padEnd(2048 - 'spiffe://cluster.local'.length, 'x');
    const tokens: string[] = [];
    for (const path of [longest, PATH]) {
      const { status, json, text } = await other.exchange(await svid({ path }), { resource: 'api' });
      assert.equal(status, 200, text);
      assert.equal(decodeJwt(json.token).sub, `spiffe://cluster.local${path}`);
      tokens.push(json.token);
    }
    for (const token of tokens)
      assert.equal((await other.exchange(token, { resource: 'api' })).json.error, 'invalid_proof');
    await other.stop();
  });

  it('are in the short form of what convert prints, which lint takes', async () => {
    const converted = await trustmint(['policy', 'convert', '--name', 'spiffe-agents'], policy());
    assert.equal(converted.code, 0, converted.err);
    assert.match(converted.out, /kind: ClusterTrustPolicy/);
    assert.match(converted.out, /pathTemplate: \/agent\/\{tenantId\}\/\{userId\}\/\{agentType\}\/\{agentId\}/);
    const other = await serve({ 'agents.yaml': converted.out });
    assert.equal((await other.exchange(await svid())).json.policy, 'spiffe-agents');
    await other.stop();
  });
});
