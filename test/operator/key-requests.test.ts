import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { KeyRingError } from '../../src/keyring/index.ts';
import type { ResourceType } from '../../src/kube/types.ts';
import {
  KEYS_SUMMARY,
  KeySecret,
  LEASE,
  leaseNotes,
  openKeys,
  ROTATE_KEYS,
  readSummary,
  requestRotation,
  type WaitingKeys,
} from '../../src/operator/index.ts';
import { quickJwtKeys } from '../keyring/support.ts';
import { apiFailure, type Call, MemoryClient, MemoryServer } from '../kube/support/memory-client.ts';
import { FakeClock } from '../support/fake-clock.ts';

const namespace = 'trustmint';
const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };
const HOUR = 3_600_000;

describe('rotation by request', () => {
  let server: MemoryServer;
  let clock: FakeClock;
  let replicas: WaitingKeys[];
  let leader: number;
  let problems: string[];
  let fault: ((call: Call) => void) | undefined;

  beforeEach(async () => {
    server = new MemoryServer();
    clock = new FakeClock();
    leader = 0;
    problems = [];
    fault = undefined;
    replicas = [0, 1, 2].map((i) => {
      const client = new MemoryClient(server, { before: (call) => fault?.(call) });
      return openKeys({
        store: new KeySecret({ client, namespace }),
        notes: leaseNotes({ client, namespace }),
        clock,
        random: (n) => new Uint8Array(randomBytes(n)),
        makeJwtKeys: quickJwtKeys,
        maxTtl: 86_400,
        mayWrite: () => i === leader,
        onProblem: ({ code }: KeyRingError) => void problems.push(code),
      });
    });
    await clock.advance(0);
    await clock.advance(20_000);
  });
  afterEach(async () => {
    for (const one of replicas) await one.close();
    assert.equal(clock.pending, 0);
  });

  const notes = () => leaseNotes({ client: new MemoryClient(server), namespace });
  const annotations = async () => (await notes().read())!.annotations;
  const ask = (now: boolean) => requestRotation({ notes: notes(), clock, pause: (ms) => clock.advance(ms), now });
  const shape = (one = replicas[leader]!) => one.states().map(({ state }) => state);
  const activeKids = () => replicas.map((one) => one.active().kid);

  it('the leader keeps a summary for people, without anything secret', async () => {
    const text = (await annotations())[KEYS_SUMMARY]!;
    assert.deepEqual(readSummary(await annotations()), replicas[0]!.states());
    const [stored] = [...server.objects].filter(([key]) => key.includes('secrets')).map(([, object]) => object);
    const ring = JSON.parse(Buffer.from((stored!.data as Record<string, string>)['keys.json']!, 'base64').toString());
    for (const secret of [ring.keys[0].macaroon, ring.keys[0].jwt.ES256.d]) assert.ok(!text.includes(secret));
    const lookedBefore = server.calls.filter(({ verb, plural }) => verb === 'patch' && plural === 'leases').length;
    await clock.advance(60_000);
    const looked = server.calls.filter(({ verb, plural }) => verb === 'patch' && plural === 'leases').length;
    assert.equal(looked, lookedBefore, 'what did not change is not written');
  });

  it('publishes a next key within a look, answers how the keys are, and takes the request off', async () => {
    const answer = await ask(false);
    assert.ok('keys' in answer);
    assert.deepEqual(
      answer.keys.map(({ state }) => state),
      ['active', 'next'],
    );
    assert.equal((await annotations())[ROTATE_KEYS], undefined);
    assert.equal(answer.keys[1]!.promotesAt, answer.keys[1]!.createdAt + 3_600);
    await clock.advance(10_000);
    for (const one of replicas) assert.deepEqual(shape(one), ['active', 'next']);
    await clock.advance(HOUR + 10_000);
    assert.deepEqual(new Set(activeKids()), new Set([answer.keys[1]!.kid]));
  });

  it('now: it signs when every replica has read it, and not before', async () => {
    const old = replicas[0]!.active().kid;
    const known: number[] = [];
    const answer = await requestRotation({
      notes: notes(),
      clock,
      now: true,
      async pause(ms) {
        await clock.advance(ms);
        const signing = new Set(activeKids());
        for (const kid of signing) known.push(replicas.filter((one) => one.rootKey(kid, 'a')).length);
      },
    });
    assert.ok('keys' in answer);
    assert.deepEqual(
      answer.keys.map(({ state }) => state),
      ['active', 'retired'],
    );
    assert.notEqual(answer.keys[0]!.kid, old);
    assert.ok(
      known.every((count) => count === 3),
      'a replica met a kid that it did not know',
    );
  });

  it('now: the next leader finishes what the last one began', async () => {
    const old = replicas[0]!.active().kid;
    await notes().write(ROTATE_KEYS, '2026-01-01T00:00:00Z now');
    await clock.advance(20_000);
    assert.deepEqual(shape(), ['active', 'next']);
    leader = 1;
    await clock.advance(60_000);
    assert.deepEqual(shape(), ['active', 'retired']);
    assert.notEqual(replicas[1]!.active().kid, old);
    assert.equal((await annotations())[ROTATE_KEYS], undefined);
    await clock.advance(120_000);
    assert.deepEqual(shape(), ['active', 'retired'], 'it rotated once');
  });

  it('is done once, though its note cannot be taken off at first', async () => {
    await notes().write(ROTATE_KEYS, 'x now');
    fault = ({ verb, plural, body }) => {
      if (verb === 'patch' && plural === 'leases' && Array.isArray(body)) throw apiFailure(503, 'ServiceUnavailable');
    };
    await clock.advance(120_000);
    assert.deepEqual(shape(), ['active', 'retired']);
    assert.ok(problems.includes('keys_unavailable'));
    fault = undefined;
    await clock.advance(10_000);
    assert.equal((await annotations())[ROTATE_KEYS], undefined);
    assert.deepEqual(shape(), ['active', 'retired']);
  });

  it('of two that ask at once neither is lost: the second waits for the first', async () => {
    let turn = Promise.resolve();
    // One clock for two people: each waits until the other has moved it.
    const pause = (ms: number) => {
      turn = turn.then(() => clock.advance(ms / 2));
      return turn;
    };
    const values = new Set<string>();
    fault = ({ verb, body }) => {
      const value = (body as { metadata?: { annotations?: Record<string, string> } })?.metadata?.annotations?.[
        ROTATE_KEYS
      ];
      if (verb === 'patch' && value) values.add(value);
    };
    const client = new MemoryClient(server, { before: (call) => fault?.(call) });
    const asking = (now: boolean) => requestRotation({ notes: leaseNotes({ client, namespace }), clock, pause, now });
    const [first, second] = await Promise.all([asking(true), asking(true)]);
    assert.ok('keys' in first && 'keys' in second);
    assert.equal(replicas[0]!.states().filter(({ state }) => state === 'retired').length, 2, 'both were carried out');
    assert.equal(values.size, 2);
  });

  it('is withdrawn, and says so, where nobody leads', async () => {
    leader = -1;
    const answer = await ask(false);
    assert.deepEqual(answer, { failed: 'unanswered' });
    assert.equal((await annotations())[ROTATE_KEYS], undefined);
    leader = 0;
    await clock.advance(60_000);
    assert.deepEqual(shape(), ['active']);
  });

  it('waits out an API server that is away, and asks once though an answer is lost', async () => {
    const before = shape().length;
    let calls = 0;
    const client = new MemoryClient(server, {
      before: ({ verb }) => {
        calls += 1;
        if (verb === 'get' && calls % 3 === 0) throw apiFailure(0, 'NetworkError');
      },
      after: ({ verb }) => {
        if (verb === 'patch' && calls < 5) throw apiFailure(503, 'ServiceUnavailable');
      },
    });
    const pause = (ms: number) => clock.advance(ms);
    const answer = await requestRotation({ notes: leaseNotes({ client, namespace }), clock, pause, now: true });
    assert.ok('keys' in answer);
    assert.equal(answer.keys.length, before + 1);
  });

  it('is refused at once by an API server that never answered', async () => {
    const before = () => Promise.reject(apiFailure(0, 'NetworkError'));
    const silent = leaseNotes({ client: new MemoryClient(server, { before }), namespace });
    const asked = requestRotation({ notes: silent, clock, pause: async () => {}, now: true });
    await assert.rejects(asked, { reason: 'NetworkError' });
  });

  it('is left anew where the Lease went, and the request with it', async () => {
    const before = shape().length;
    let pauses = 0;
    const pause = async (ms: number) => {
      pauses += 1;
      const [key, lease] = [...server.objects].find(([name]) => name.includes('leases'))!;
      const metadata = { ...lease.metadata, annotations: {}, uid: 'another' };
      if (pauses === 2) server.objects.set(key, { ...lease, metadata });
      await clock.advance(ms);
    };
    const answer = await requestRotation({ notes: notes(), clock, pause, now: true });
    assert.ok('keys' in answer);
    assert.equal(answer.keys.length, before + 1, 'it was carried out');
  });

  it('says that no replica ever ran where there is no Lease', async () => {
    const client = new MemoryClient(new MemoryServer());
    const empty = leaseNotes({ client, namespace });
    assert.deepEqual(await requestRotation({ notes: empty, clock, pause: (ms) => clock.advance(ms), now: false }), {
      failed: 'no_lease',
    });
  });

  it('leaves holder and mark of the Lease as they are', async () => {
    const spec = { holderIdentity: 'pod-1', leaseDurationSeconds: 15 };
    await new MemoryClient(server).patch(LEASES, LEASE, namespace, 'merge', { spec });
    const mark = (await annotations())['trustmint.dev/keys-created'];
    await ask(true);
    const lease = await new MemoryClient(server).get(LEASES, LEASE, namespace);
    assert.deepEqual(lease.spec, spec);
    assert.equal(lease.metadata.annotations?.['trustmint.dev/keys-created'], mark);
  });

  for (const [what, text] of Object.entries({
    'no JSON': '{',
    'of another shape': '{"kid":"x"}',
    'with a kid that is none': JSON.stringify([
      { kid: '\u001b[2J', state: 'active', createdAt: 1, activatedAt: 1, retiredAt: null },
    ]),
  })) {
    it(`a summary that is ${what} is none`, () => {
      assert.equal(readSummary({ [KEYS_SUMMARY]: text }), undefined);
    });
  }
});
