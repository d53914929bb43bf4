/** Replicas that keep certificates in one cluster of memory; keys are made at once, so that nothing waits in real time. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
// Loaded now, for loading it when it is needed takes real time.
import 'pkijs';
import { certificateMaker } from '../../../src/certificates/index.ts';
import { type CertificateKeeper, keepCertificates } from '../../../src/operator/index.ts';
import { type Faults, MemoryClient, MemoryServer } from '../../kube/support/memory-client.ts';
import { FakeClock } from '../../support/fake-clock.ts';

export const NAMESPACE = 'trustmint-system';
export const SECRET = `/secrets/${NAMESPACE}/trustmint-tls`;
export const CONFIG_MAPS = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
export const SECRETS = { ...CONFIG_MAPS, plural: 'secrets' };

export interface More {
  readonly names?: readonly string[];
  readonly faults?: Faults;
  readonly namespaces?: readonly string[];
  readonly clockIsWrong?: () => boolean;
}

export class World {
  readonly server = new MemoryServer();
  readonly clock = new FakeClock();
  readonly client = new MemoryClient(this.server);
  readonly keepers: CertificateKeeper[] = [];
  readonly logged: string[] = [];

  /** With the ConfigMap, empty, in two namespaces. */
  static async create(): Promise<World> {
    const world = new World();
    for (const namespace of [NAMESPACE, 'agents']) {
      const metadata = { name: 'trustmint-ca', labels: { kept: 'yes' } };
      await world.client.create(CONFIG_MAPS, { metadata, data: { other: 'stays' } }, namespace);
    }
    return world;
  }

  async close(): Promise<void> {
    for (const keeper of this.keepers) await keeper.close();
    assert.equal(this.clock.pending, 0);
    assert.doesNotMatch(this.logged.join('\n'), /PRIVATE KEY/);
  }

  keeper({ names = ['mint.svc'], faults, namespaces = [NAMESPACE, 'agents'], clockIsWrong }: More = {}) {
    const made = keepCertificates({
      client: new MemoryClient(this.server, faults),
      clock: this.clock,
      log: (level, message, fields) => this.logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
      namespace: NAMESPACE,
      secret: 'trustmint-tls',
      configMap: 'trustmint-ca',
      namespaces,
      names,
      make: certificateMaker({
        random: (n) => randomBytes(n),
        makeKey: async () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      }),
      clockIsWrong: clockIsWrong ?? (() => false),
    });
    this.keepers.push(made);
    void made.start();
    return made;
  }

  async looked(...which: readonly CertificateKeeper[]): Promise<void> {
    await this.clock.advance(0);
    for (const one of which) assert.ok(one.current(), JSON.stringify(one.check()));
  }

  /** So many milliseconds; then it is so. */
  async pass(ms: number, so: () => boolean | Promise<boolean>): Promise<void> {
    await this.clock.advance(ms);
    assert.ok(await so());
  }

  served = (one: CertificateKeeper) => new X509Certificate(one.current()!.cert);

  same = () => new Set(this.keepers.map((one) => one.current()?.cert)).size === 1;

  /** What clients find. */
  async bundle(namespace: string): Promise<string> {
    const { data } = await this.client.get(CONFIG_MAPS, 'trustmint-ca', namespace);
    return (data as Record<string, string>)['ca.crt'] ?? '';
  }

  dataOf = () => this.server.objects.get(SECRET)?.data as Record<string, string> | undefined;

  put(data: Record<string, string>): void {
    const object = this.server.objects.get(SECRET)!;
    object.data = data;
    object.metadata.resourceVersion = this.server.nextVersion();
  }

  /** Of the Secret, also those that another was quicker with. */
  writes = () =>
    this.server.calls.filter(({ verb, plural }) => plural === 'secrets' && (verb === 'create' || verb === 'replace'));

  async accepted(one: CertificateKeeper, namespace = 'agents'): Promise<boolean> {
    const ca = new X509Certificate(await this.bundle(namespace));
    return this.served(one).checkIssued(ca) && this.served(one).verify(ca.publicKey);
  }
}
