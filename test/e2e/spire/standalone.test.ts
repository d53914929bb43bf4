import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describeMacaroon } from '../../../src/macaroon/index.ts';
import { ask } from '../../server/support.ts';
import { cleanUp, type Mint, serve, until } from '../../whole/support.ts';
import { AGENT, asFiles, ISSUER, manifestsFor, SCOPE } from './agents.ts';
import { type Spire, startSpire } from './spire.ts';

const JOB = 'spiffe://cluster.local/job/nightly';
/** The shortest that is taken from a bundle, so that a withdrawn key is soon known. */
const REFRESH = 30;

describe('SVIDs of a real SPIRE, standalone', () => {
  let spire: Spire;
  let mint: Mint;
  before(async function () {
    this.timeout(180_000);
    spire = await startSpire({ refreshHint: REFRESH });
    await spire.register(AGENT);
    await spire.register(JOB);
    const macaroons = readFileSync(new URL('../../../examples/policies/spiffe-agents.yaml', import.meta.url), 'utf8')
      .replace('https://spire-server.spire:8443', spire.bundleUrl)
      .replace('allow_private: true', `ca_bundle: ${JSON.stringify(spire.caBundle)}`)
      .replace('https://mint.example.com', `${ISSUER}/macaroons`);
    const manifests = { ...asFiles(manifestsFor(spire)), 'spiffe-agents.yaml': macaroons };
    mint = await serve(manifests, ['--issuer', ISSUER, '--rate-limit', '1000,1000']);
  });
  after(async function () {
    this.timeout(60_000);
    await cleanUp();
    await spire?.stop();
  });

  const exchange = (proof: string) => mint.exchange(proof, { scopes: [SCOPE] });
  const refusal = async (proof: string) => {
    const { status, json } = await exchange(proof);
    const record = mint.audit().find(({ id }) => id === json.correlation_id);
    return `${status} ${json.error} ${record?.refused.reason}`;
  };

  it('become macaroons of the tenant in their path', async () => {
    const { status, json, text } = await mint.exchange(await spire.svid(AGENT, `${ISSUER}/macaroons`));
    assert.equal(status, 200, text);
    const { identifier, caveats } = describeMacaroon(json.token);
    assert.deepEqual([identifier?.sub, identifier?.ten, json.label], [AGENT, 'tenant-1', 'agent-22962c27']);
    assert.ok(caveats.some(({ text }) => text === 'user = alice'));
    assert.equal((await mint.verify(json.token)).json.active, true);
  });

  it('become JWTs of the user that the agent is registered for', async () => {
    const { status, json, text } = await exchange(await spire.svid(AGENT, ISSUER));
    assert.equal(status, 200, text);
    const { sub, act, client_id, tenant } = decodeJwt(json.token);
    assert.deepEqual([sub, act, client_id, tenant], ['user:alice', { sub: AGENT }, 'global-worker', 'tenant-1']);
  });

  it('get nothing by a path that no rule is for, nor for another audience', async () => {
    assert.equal(await refusal(await spire.svid(JOB, ISSUER)), '403 no_matching_policy no_rule');
    assert.equal(await refusal(await spire.svid(AGENT, 'other')), '401 invalid_proof wrong_audience');
  });

  it('JS-9: may have two audiences at this door, as SPIRE writes them', async () => {
    const proof = await spire.svid(AGENT, 'other', ISSUER);
    assert.deepEqual(decodeJwt(proof).aud, ['other', ISSUER]);
    assert.equal((await exchange(proof)).status, 200);
  });

  it('are refused from the second on in which they expire', async () => {
    const proof = await spire.mint(AGENT, ISSUER, 3);
    assert.equal((await exchange(proof)).status, 200);
    await until('it has expired', async () => (await exchange(proof)).status === 401, 10_000);
    assert.equal(await refusal(proof), '401 invalid_proof expired');
    assert.ok(Date.now() / 1000 >= decodeJwt(proof).exp!);
  });

  it('SB-1, JS-7: go on while SPIRE rotates its key, and what a withdrawn key signed is soon no good', async function () {
    this.timeout(180_000);
    const before = await spire.mint(AGENT, ISSUER, 600);
    const kid = await spire.rotate();
    assert.equal(decodeProtectedHeader(before).kid, kid);
    const after = await spire.mint(AGENT, ISSUER, 600);
    assert.notEqual(decodeProtectedHeader(after).kid, kid);
    // Asked for at once, unless an unknown key was asked for just before.
    await until('the new key', async () => (await exchange(after)).status === 200, 60_000);
    assert.equal((await exchange(before)).status, 200, 'the one before, while it is published');
    await spire.revokeKey(kid);
    await until('the withdrawn key', async () => (await exchange(before)).status === 401, (REFRESH + 60) * 1000);
    assert.equal(await refusal(before), '401 invalid_proof unknown_kid');
    assert.equal((await exchange(after)).status, 200);
    const [{ issuer, source, error }] = (await ask(`${mint.ops}/policies`)).json.issuers;
    assert.deepEqual([issuer, error], ['spiffe://cluster.local', null]);
    assert.ok(source.startsWith(`bundle ${spire.bundleUrl}`), source);
  });

  it('SB-4, JS-6: are refused of another trust domain, and of another SPIRE that says it is this one', async function () {
    this.timeout(180_000);
    for (const [trustDomain, wanted] of [
      ['other.example', '401 invalid_proof unknown_issuer'],
      ['cluster.local', '401 invalid_proof unknown_kid'],
    ] as const) {
      const other = await startSpire({ trustDomain });
      try {
        const proof = await other.mint(AGENT.replace('cluster.local', trustDomain), ISSUER, 300);
        assert.equal(await refusal(proof), wanted, trustDomain);
      } finally {
        await other.stop();
      }
    }
    assert.equal((await exchange(await spire.mint(AGENT, ISSUER, 60))).status, 200);
  });
});
