import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { IssuerStatus } from '../../../src/exchange/types.ts';
import { createMetrics } from '../../../src/server/metrics.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { REPORT, VITALS } from '../reports.ts';
import { ask, type Harness, post, start, stopAll } from '../support.ts';
import { scrape, series } from './support.ts';

const ROUTES = 12;

describe('the number of series', () => {
  afterEach(stopAll);

  it('is what it was at the start, whatever thousands of callers send and are answered', async () => {
    const h = await start();
    // Of garbage there may not have been any kind yet.
    const names = async () => [...series(await scrape(h)).keys()].filter((name) => !name.startsWith('nodejs_gc'));
    await drive(h, ROUTES);
    const before = await names();
    await drive(h, 2_400);
    assert.deepEqual(await names(), before);
    assert.ok(before.length < 250, `${before.length}`);
  }).timeout(60_000);

  /** Requests to every route with names, paths, ids, issuers and bodies that nobody sent before. */
  async function drive(h: Harness, numRuns: number): Promise<void> {
    const word = fc.string({ unit: fc.constantFrom(...'abcXYZ019-._~'), minLength: 1, maxLength: 40 });
    const jwt = fc
      .record({ iss: fc.webUrl(), sub: word, aud: word, kid: word })
      .map((claims) => `${btoa('{"alg":"RS256"}')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.AAAA`);
    const refusals = fc.constantFrom(
      'invalid_proof' as const,
      'no_matching_policy' as const,
      'exceeds_policy' as const,
      'rate_limited' as const,
      'temporarily_unavailable' as const,
    );
    const each = Array.from(
      { length: ROUTES },
      (_, way) => ['a', 'a.b.c', 'invalid_proof', way] as [string, string, 'invalid_proof', number],
    );
    await fc.assert(
      fc.asyncProperty(word, jwt, refusals, fc.nat(ROUTES - 1), async (name, proof, code, way) => {
        h.engine.onExchange = () => ({ granted: false, code, message: name });
        const headers = { 'X-Correlation-Id': name, 'User-Agent': name, 'X-Tenant': name };
        const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
        const ways = [
          () => post(`${h.url}/api/mint/exchange`, { credentials: proof, resource: name, scopes: [name] }, headers),
          () => post(`${h.url}/api/mint/exchange`, { [name]: proof }),
          () => post(`${h.url}/oauth2/token`, `grant_type=${name}&assertion=${proof}`, form),
          () => post(`${h.url}/oauth2/token`, `grant_type=client_credentials&client_assertion=${proof}`, form),
          () => post(`${h.url}/api/mint/verify`, { token: proof, resource: name }),
          () => post(`${h.url}/oauth2/introspect`, `token=${proof}`, form),
          () => post(`${h.url}/oauth2/revoke`, `token=${proof}`, form),
          () => ask(`${h.url}/${name}`, { method: 'DELETE', headers }),
          () => ask(`${h.url}/api/mint/${name}?${name}=${name}`),
          () => ask(`${h.opsUrl}/readyz/${name}`),
          () => ask(`${h.opsUrl}/metrics?${name}`, { headers: { Accept: `${name}/${name}` } }),
          () => post(`${h.opsUrl}/explain`, { credentials: proof, resource: name }),
        ];
        await ways[way]!();
      }),
      // One of each first, so that what a route counts is there.
      { numRuns, examples: each },
    );
  }

  it('of issuers is at most a hundred anchors and one for the rest, however many policies name', async () => {
    const metrics = createMetrics('1', new FakeClock());
    const issuers = (from: number, count: number): IssuerStatus[] =>
      Array.from({ length: count }, (_, i) => ({
        anchor: `a${String(from + i).padStart(6, '0')}`,
        provider: 'oidc',
        issuer: `https://i${from + i}.example`,
        source: 'discovery',
        keys: 2,
        lastSuccess: null,
        error: (from + i) % 2 === 0 ? 'refused' : null,
      }));
    const scrapeOf = async (all: IssuerStatus[]) => {
      metrics.refresh({ ...REPORT, issuers: all }, VITALS, 0, []);
      const found = series(await metrics.render('text'));
      const of = (name: string) => [...found].filter(([one]) => one.startsWith(`${name}{`));
      return { keys: of('trustmint_issuer_keys'), failing: of('trustmint_issuer_failing'), found };
    };
    const rest = '{anchor="other",provider="other",issuer="other"}';
    const first = await scrapeOf(issuers(1_000, 50));
    assert.deepEqual([first.keys.length, first.failing.length], [50, 50]);

    const flooded = await scrapeOf([...issuers(0, 1_000), ...issuers(1_000, 50)]);
    assert.deepEqual([flooded.keys.length, flooded.failing.length], [101, 101]);
    for (const [name] of first.keys) assert.ok(flooded.found.has(name), `${name} keeps its place`);
    const sum = (all: [string, string][]) => all.reduce((total, [, value]) => total + Number(value), 0);
    assert.deepEqual([sum(flooded.keys), sum(flooded.failing)], [2_100, 525], 'none is lost');
    assert.equal(flooded.found.get(`trustmint_issuer_keys${rest}`), '1900');

    const after = await scrapeOf(issuers(1_000, 50));
    assert.deepEqual(after.keys, first.keys);
  });
});
