import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeMacaroon } from '../../../src/macaroon/index.ts';
import { OPERATOR, type Operator, OWN_ISSUER, startOperator, until } from '../cluster/index.ts';
import { type Way, wayOf } from '../cluster/way.ts';
import { gatewayObjects, type RunningGateway, startGateway } from '../gateway-support.ts';
import { exchange, get, policy, post } from '../serve-support.ts';
import { createWorld, eventually, readiness, says, signedProof, standing, TYPES, type World } from './world.ts';

/** Seconds, instead of 10 min and 10 min: the pulse keeps every collection younger. */
const MAX_STALENESS = 20;
const LIMIT = 30;
/** Milliseconds until a watch that is silent is given up, all is listed anew, and the gateway has asked again. */
const RECOVERED = 150_000;

describe('A replica cut off from the API server while its gateway goes on', () => {
  let world: World;
  let cutOff: Operator;
  let other: Operator;
  let way: Way;
  let gateway: RunningGateway;
  let proxy: string;
  let signed: string;

  before(async function () {
    this.timeout(300_000);
    world = await createWorld();
    await world.cluster.apply([...(await standing()), ...gatewayObjects(policy)]);
    world.pulse();
    const kubeconfig = await world.cluster.kubeconfigFor(OPERATOR);
    way = await wayOf(kubeconfig, world.cluster.server);
    const flags = ['--rate-limit=10000,20000', `--max-staleness=${MAX_STALENESS}s`];
    cutOff = await startOperator(world.cluster, { kubeconfig, flags });
    other = await world.start(`--max-staleness=${MAX_STALENESS}s`);
    await cutOff.ready();
    proxy = await world.proof('gateway', 'proxy', OWN_ISSUER);
    signed = await signedProof();
    gateway = await startGateway(world.cluster, {
      ...{ mints: [cutOff.url], resource: 'api-docs', audience: 'docs-aud', serviceAccount: 'proxy' },
      seconds: { poll: 1, limit: LIMIT },
    });
  });
  after(async function () {
    this.timeout(120_000);
    way?.stop();
    await gateway?.stop();
    await world?.stop();
  });
  afterEach(() => way.open());

  /** A token of its own grant: of this account in one namespace and the other. */
  async function tokenOf(namespace: 'team-a' | 'team-b'): Promise<string> {
    const proof = await world.proof(namespace, 'agent');
    return (await eventually(200, () => exchange(other, proof, { resource: 'api-docs' }))).body.token as string;
  }
  const verify = async (replica: Operator, token: string) =>
    await post(`${replica.url}/api/mint/verify`, { token, resource: 'api-docs' }, proxy);
  const feed = (name: string) => get(`${cutOff.url}/api/mint/${name}?resource=api-docs`, proxy);

  /** Asks for a token all the time: once it was refused for good it must not be let in again. */
  function sentry(ask: () => Promise<string>) {
    let ended = false;
    let refused = false;
    const revived: string[] = [];
    const watching = (async () => {
      while (!ended) {
        const said = await ask().catch(() => 'nobody there');
        refused ||= said === 'revoked' || said === 'feed_stale';
        if (refused && said === 'let in') revived.push(said);
        await sleep(50);
      }
    })();
    return async () => {
      ended = true;
      await watching;
      assert.deepEqual([refused, revived.length], [true, 0]);
    };
  }

  for (const how of ['closed', 'silent'] as const) {
    it(`the way is ${how}: each stops at its own limit and says so; what died meanwhile is never alive again`, async function () {
      this.timeout(300_000);
      const [dead, living] = [await tokenOf('team-a'), await tokenOf('team-b')];
      for (const token of [dead, living]) {
        await until(RECOVERED, async () => (await gateway.call(token)) === 'let in');
        for (const replica of [cutOff, other])
          assert.equal((await eventually(200, () => verify(replica, token))).body.active, true);
      }
      way.block(how);
      const blocked = performance.now();
      const jti = describeMacaroon(dead).identifier!.jti;
      await world.admin.create(
        TYPES.TokenRevocation,
        {
          apiVersion: 'trustmint.dev/v1alpha1',
          kind: 'TokenRevocation',
          metadata: { name: `dead-${how}`, namespace: 'team-a' },
          spec: { token: jti },
        },
        'team-a',
      );
      const relieve = sentry(() => gateway.call(dead));
      await until(15_000, async () => (await verify(other, dead)).body.reason === 'revoked');

      // The replica that knows nothing of it goes on for its time, and says how old its knowledge is.
      assert.equal((await exchange(cutOff, signed)).status, 200);
      for (const name of ['keys', 'revocations']) assert.equal((await feed(name)).status, 200, name);
      const within = (MAX_STALENESS + 10) * 1_000;
      await eventually(503, () => exchange(cutOff, signed), within);
      for (const name of ['keys', 'revocations']) await eventually(503, () => feed(name));
      await says(/^503 .*no sign of life for \d+ s/, () => readiness(cutOff));
      const verified = await verify(cutOff, living);
      assert.equal(verified.body.active, true, JSON.stringify(verified.body));
      assert.ok((verified.body.stale_seconds as number) >= MAX_STALENESS);

      // The gateway at the latest when all that it was told is older than its limit.
      await until((LIMIT + 2) * 1_000, async () => (await gateway.call(living)) === 'feed_stale');
      const stopped = (performance.now() - blocked) / 1_000;
      assert.ok(stopped < LIMIT + 5, `after ${stopped} s`);
      assert.equal((await fetch(gateway.health)).status, 503);
      for (let i = 0; i < 20; i += 1) {
        for (const token of [dead, living]) assert.equal(await gateway.call(token), 'feed_stale');
        await sleep(50);
      }

      way.open();
      await until(RECOVERED, async () => (await gateway.call(living)) === 'let in');
      assert.equal(await gateway.call(dead), 'revoked');
      assert.equal((await verify(cutOff, dead)).body.reason, 'revoked');
      await eventually(200, () => exchange(cutOff, signed), RECOVERED);
      await relieve();
    });
  }
});
