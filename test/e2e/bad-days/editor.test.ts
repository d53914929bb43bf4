import { namespaceNamed } from '../serve-support.ts';
import { createGraves, type Graves, revocation } from './graves.ts';
import { says } from './world.ts';

const FINALIZER = 'trustmint.dev/revocation';
const FOREVER = '9999-12-31T23:59:59Z';

describe('Whoever edits a namespace cannot, by what he writes or deletes there,', () => {
  let g: Graves;
  before(async function () {
    this.timeout(300_000);
    g = await createGraves();
  });
  after(async function () {
    this.timeout(120_000);
    await g?.cluster.stop();
  });
  afterEach(() => g.relieve());

  it('make a deletion wait for ever by our finalizer, written twice', async () => {
    await g.policyThat('team-a', 'twice');
    await g.patch('team-a', 'twice', { metadata: { finalizers: [FINALIZER, FINALIZER] } });
    await g.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'twice', '--timeout=60s']);
  });

  it('bring back what a revocation killed until the end of time, by deleting the namespace that it is in', async function () {
    this.timeout(300_000);
    await g.cluster.apply([namespaceNamed('mayfly')]);
    const one = await g.policyThat('mayfly', 'p');
    const spec = { token: one.jti, issuedBefore: FOREVER, expiresAt: FOREVER };
    await g.cluster.apply([revocation('mayfly', 'dead', spec)]);
    await g.dead(one);
    await g.cluster.kubectl(['delete', 'namespace', 'mayfly', '--timeout=120s']);
    await says(new RegExp(`"expiresAt":"${FOREVER}".*"token":"${one.jti}"`), g.kept, 60_000);
    await g.relieve();
    await g.stopAll();
    await g.start(3);
    await g.dead(one);
  });

  it('stop a policy from leaving its TokenRevocation by a time that an offset takes out of all calendars', async () => {
    const one = await g.policyThat('team-a', 'late');
    await g.patch('team-a', 'late', { spec: { revokeIssuedBefore: '9999-12-31T23:59:59-23:59' } });
    await g.dead(one);
    await g.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'late', '--timeout=60s']);
    await says(new RegExp(`"issuedBefore":"${FOREVER}","policy":"${one.uid}"`), g.kept, 30_000);
  });
});
