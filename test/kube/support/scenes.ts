import assert from 'node:assert/strict';
import { OPENSSL } from '../../support/certificates.ts';
import type { Seen, Stored } from '../../support/fake-api-server/index.ts';
import { type FakeWorld, fakeWorld } from '../contract/fake.ts';
import { Follower } from '../contract/follower.ts';
import { COLLECTION, widget } from './fake.ts';
import { eventually } from './io.ts';

/** A reflector on a fake server of its own, for each test. */
export interface Scene {
  world: FakeWorld;
  follower: Follower;
  /** Starts a reflector, and waits until it watches. */
  watching(options?: ConstructorParameters<typeof Follower>[1]): Promise<Follower['reflector']>;
  put(name: string, size: number, namespace?: string): Stored;
  lists(): Seen[];
  /** Lists of metadata alone: comparisons. */
  checks(): Seen[];
  watches(): Seen[];
}

const isCheck = ({ headers }: Seen) => (headers.accept ?? '').includes('PartialObjectMetadataList');

/** Sets the hooks of a `describe`. Nothing of a test may be left when it ends. */
export function scenes(): Scene {
  const seen = () => scene.world.fake.server.seen;
  const scene = {
    async watching(options = {}) {
      scene.follower = new Follower(scene.world, options);
      scene.follower.reflector.start();
      await eventually('watching', () => scene.follower.reflector.status().phase === 'watching');
      return scene.follower.reflector;
    },
    put: (name, size, namespace) => scene.world.fake.server.store.put(COLLECTION, widget(name, size, namespace)),
    lists: () => seen().filter((s) => s.verb === 'list' && !isCheck(s)),
    checks: () => seen().filter((s) => s.verb === 'list' && isCheck(s)),
    watches: () => seen().filter((s) => s.verb === 'watch'),
  } as Scene;
  before(function () {
    if (!OPENSSL) this.skip();
  });
  beforeEach(async () => {
    scene.world = await fakeWorld();
  });
  afterEach(async () => {
    await scene.follower.reflector.stop();
    assert.equal(scene.world.fake.clock.pending, 0, 'no timer is left');
    await scene.world.fake.close();
  });
  return scene;
}
