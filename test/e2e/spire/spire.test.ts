import assert from 'node:assert/strict';
import { request } from 'node:https';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { type Spire, startSpire } from './spire.ts';

const AGENT = 'spiffe://cluster.local/agent/tenant-1/alice/global-worker/agent-22962c27';

describe('a real SPIRE', () => {
  let spire: Spire;
  before(async function () {
    this.timeout(180_000);
    spire = await startSpire();
  });
  after(() => spire?.stop());

  it('issues JWT-SVIDs that its own bundle endpoint has the keys of', async () => {
    await spire.register(AGENT);
    const svid = await spire.svid(AGENT, 'https://mint.example');
    const bundle = await getJson(spire.bundleUrl, spire.caBundle);
    const keys = (bundle.keys as { use: string }[]).filter(({ use }) => use === 'jwt-svid');
    // A key of use `jwt-svid` is none that a JOSE library would pick by itself.
    const usable = keys.map((key) => ({ ...key, use: 'sig' })) as JSONWebKeySet['keys'];
    const { payload } = await jwtVerify(svid, createLocalJWKSet({ keys: usable }), {
      audience: 'https://mint.example',
    });
    assert.equal(payload.sub, AGENT);
    assert.equal(bundle.spiffe_refresh_hint, 60);
  });
});

function getJson(url: string, ca: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString('utf8'))));
    });
    asked.on('error', reject);
    asked.end();
  });
}
