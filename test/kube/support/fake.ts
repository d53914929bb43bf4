import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientOptions, createKubeClient } from '../../../src/kube/client.ts';
import type { CredentialSource, Credentials } from '../../../src/kube/credentials.ts';
import type { KubeClient, ResourceType } from '../../../src/kube/types.ts';
import { type Pair, selfSigned } from '../../support/certificates.ts';
import { FakeApiServer } from '../../support/fake-api-server/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { steady } from './settle.ts';

export const WIDGETS: ResourceType = { group: 'example.com', version: 'v1', plural: 'widgets', namespaced: true };
export const COLLECTION = 'example.com/widgets';

let dir: string | undefined;
let pairs: { first: Pair; second: Pair } | undefined;

/** Two certificates, each its own authority; made once, for openssl takes its time. */
export function certificates(): { first: Pair; second: Pair } {
  if (!pairs) {
    dir = mkdtempSync(join(tmpdir(), 'trustmint-kube-'));
    pairs = { first: selfSigned(dir, 'first'), second: selfSigned(dir, 'second') };
    rmSync(dir, { recursive: true });
  }
  return pairs;
}

/** Credentials that a test changes under the client. */
export class Changing implements CredentialSource {
  now: Credentials;
  /** What `renew` turns to. */
  next: Credentials | undefined;
  renewals = 0;

  constructor(server: string, ca: Buffer, token = 'good') {
    this.now = { server: new URL(server), ca, headers: { Authorization: `Bearer ${token}` } };
  }

  async current(): Promise<Credentials> {
    return this.now;
  }

  async renew(): Promise<Credentials> {
    this.renewals += 1;
    this.now = this.next ?? this.now;
    return this.now;
  }
}

export interface Fake {
  readonly server: FakeApiServer;
  readonly clock: FakeClock;
  readonly credentials: Changing;
  readonly client: KubeClient;
  close(): Promise<void>;
}

export async function startFake(options: Partial<ClientOptions> = {}): Promise<Fake> {
  const { first } = certificates();
  const server = await FakeApiServer.start(first);
  const clock = new FakeClock();
  const credentials = new Changing(server.url, first.cert);
  const client = createKubeClient({ credentials, clock, random: steady(0.5), ...options });
  return {
    server,
    clock,
    credentials,
    client,
    async close() {
      client.close();
      await server.close();
    },
  };
}

export function widget(name: string, size: unknown = 1, namespace = 'default') {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace }, spec: { size } };
}
