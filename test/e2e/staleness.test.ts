import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createWorld,
  eventually,
  readiness,
  resource,
  says,
  signedProof,
  standing,
  type World,
} from './bad-days/world.ts';
import { type Operator, OWN_ISSUER } from './cluster/index.ts';
import { account, exchange, get, namespaceNamed } from './serve-support.ts';

/** Seconds, far below what anybody would choose: the pulse keeps every collection younger. */
const LIMIT = 15;
const KINDS = ['ClusterTrustPolicy', 'ProtectedResource', 'TokenRevocation', 'TrustPolicy'];

describe('A view that grows old, end to end', () => {
  let world: World;
  let operator: Operator;
  let signed: string;
  let proxy: string;

  before(async () => {
    world = await createWorld();
    await world.cluster.apply([
      ...(await standing()),
      namespaceNamed('gateway'),
      account('gateway', 'proxy'),
      resource('watched', { audience: 'watched-aud', verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }] }),
    ]);
    world.pulse();
    operator = await world.start(`--max-staleness=${LIMIT}s`);
    signed = await signedProof();
    proxy = await world.proof('gateway', 'proxy', OWN_ISSUER);
    await eventually(200, () => exchange(operator, signed));
    await eventually(200, feed);
  });
  after(() => world?.stop());
  afterEach(() => world.cluster.apiserver.start());

  const feed = () => get(`${operator.url}/api/mint/revocations?resource=watched`, proxy);

  async function metrics(): Promise<Map<string, number>> {
    const text = await (await fetch(`${operator.ops}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('trustmint_'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  }
  const share = (of: Map<string, number>) =>
    of.get('trustmint_view_stale_seconds')! / of.get('trustmint_view_stale_limit_seconds{stops="exchange"}')!;

  /** Asks until a fifth more than the limit is used up; each answer was right when it was given. */
  async function until120(ask: () => Promise<{ readonly status: number }>) {
    const seen: { used: number; status: number; after: number }[] = [];
    do {
      const used = share(await metrics());
      const { status } = await ask();
      seen.push({ used, status, after: share(await metrics()) });
      await sleep(100);
    } while (seen.at(-1)!.used < 1.2);
    for (const one of seen) {
      // Whole seconds, and a moment between two questions.
      if (one.after < 1) assert.equal(one.status, 200, JSON.stringify(one));
      if (one.used > 1) assert.equal(one.status, 503, JSON.stringify(one));
    }
    return seen;
  }

  it('says of what kind and how old it is, which limit comes next, and how far the clock is off', async () => {
    const seen = await metrics();
    assert.ok(share(seen) < 0.6, `${share(seen)}`);
    assert.equal(seen.get('trustmint_view_stale_limit_seconds{stops="verify"}'), 1800);
    const ages = KINDS.map((kind) => seen.get(`trustmint_kind_stale_seconds{kind="${kind}"}`)!);
    assert.ok(
      ages.every((age) => age >= 0 && age < LIMIT),
      `${ages}`,
    );
    assert.ok(Math.abs(seen.get('trustmint_clock_skew_seconds')!) <= 2);
    assert.equal(seen.get('trustmint_revocations{by="grant"}'), 1);
    await says(
      /^200 .*"freshness","ok":true,"detail":"\w+ \(the oldest kind\): no sign of life for \d+ s; exchanges and the feed stop after 15 s"/,
      () => readiness(operator),
    );
    await says(/^200 .*"clock","ok":true,"detail":"[012] s (behind|ahead of)/, () => readiness(operator));
  });

  it('stops exchanges and the feed at the limit and not before, while the share of it that is used up tells beforehand', async () => {
    await says(/^200 /, () => readiness(operator), 60_000);
    await world.cluster.apiserver.stop();
    // The feed is asked for by itself: whoever wants it is looked up, which takes seconds now.
    const [exchanges] = await Promise.all([until120(() => exchange(operator, signed)), until120(feed)]);
    assert.ok(
      exchanges.some(({ used, status }) => used > 0.6 && status === 200),
      'the alert comes first',
    );
    await says(/^503 .*exchanges and the feed have stopped; verifying stops after 1800 s/, () => readiness(operator));
    await world.cluster.apiserver.start();
    await eventually(200, () => exchange(operator, signed), 60_000);
    await eventually(200, feed);
    await says(/^200 /, () => readiness(operator));
    assert.ok(share(await metrics()) < 0.6);
  });
});
