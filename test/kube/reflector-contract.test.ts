import { OPENSSL } from '../support/certificates.ts';
import { FAKE_FAULTS, type FakeWorld, fakeWorld } from './contract/fake.ts';
import { reflectorContract } from './contract/reflector.ts';

describe('The reflector', () => {
  let world: FakeWorld | undefined;
  before(function () {
    if (!OPENSSL) this.skip();
  });
  // Outer hooks run last: what the contract started is stopped by now.
  afterEach(() => world?.fake.close());

  reflectorContract(
    'of a server that misbehaves on demand',
    async () => {
      world = await fakeWorld();
      return world;
    },
    FAKE_FAULTS,
  );
});
