import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OPENSSL } from '../support/certificates.ts';
import { line, status } from '../support/fake-api-server/index.ts';
import { type FakeWorld, fakeWorld } from './contract/fake.ts';
import { Follower } from './contract/follower.ts';
import { COLLECTION } from './support/fake.ts';
import { pass, turns } from './support/io.ts';

type Step = (world: FakeWorld) => unknown;

const name = fc.constantFrom('a', 'b', 'c');
const write: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(name, fc.nat(9)).map(
    ([n, size]) =>
      (w: FakeWorld) =>
        w.create(n, size),
  ),
  name.map((n) => (w: FakeWorld) => w.remove(n)),
);
const mishap: fc.Arbitrary<Step> = fc.constantFrom<Step>(
  ({ fake }) => fake.server.watches.cut(),
  ({ fake }) => fake.server.watches.end(),
  ({ fake }) => fake.server.watches.bookmark(),
  ({ fake }) => fake.server.watches.raw('{"type"'),
  ({ fake }) => fake.server.watches.raw(line('ERROR', status(500, 'InternalError'))),
  ({ fake }) => fake.server.store.compact(),
  ({ fake }) => fake.server.store.skip(7),
  ({ fake }) => fake.server.expireTokens(),
  ({ fake }) => fake.server.dropConnections(),
  ({ fake }) => {
    fake.server.watches.lossy = !fake.server.watches.lossy;
  },
  ({ fake }) => {
    fake.server.watches.stalled = !fake.server.watches.stalled;
  },
  ({ fake }) => {
    fake.server.watches.repeating = !fake.server.watches.repeating;
  },
  ({ fake }) => {
    const restore = fake.server.store.backup();
    fake.clock.setTimer(restore, 20_000);
  },
);
const wait: fc.Arbitrary<Step> = fc.oneof(
  fc.nat(40).map((n) => () => turns(n)),
  fc.integer({ min: 1, max: 30_000 }).map((ms) => (w: FakeWorld) => pass(w.fake.clock, ms)),
);

describe('A copy of a collection, whatever happens in whatever order', () => {
  before(function () {
    if (!OPENSSL) this.skip();
  });

  it('is in the end what the server has, and its changes add up to it', async () => {
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: write }, { weight: 2, arbitrary: mishap }, wait), {
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (script, pageSize) => {
        const world = await fakeWorld();
        const follower = new Follower(world, { pageSize });
        try {
          follower.reflector.start();
          for (const step of script) await step(world);
          const { server, clock } = world.fake;
          await pass(clock, 20_000);
          Object.assign(server.watches, { lossy: false, stalled: false, repeating: false });
          const truth = () => {
            const entries = server.store
              .list(COLLECTION)
              .map((o) => [o.metadata.name, (o.spec as { size: number }).size]);
            return Object.fromEntries(entries) as Record<string, number>;
          };
          await world.until('the truth', () => follower.has(truth()));
          follower.check();
          await world.create('last', 1);
          await world.until('what comes after', () => follower.has(truth()));
          follower.check();
        } finally {
          await follower.reflector.stop();
          await world.fake.close();
        }
        assert.equal(world.fake.clock.pending, 0);
      }),
      { numRuns: 40 },
    );
  });
});
