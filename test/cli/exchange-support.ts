/** What the tests of `trustmint exchange` have: a mint, a workload's proof in a file, and servers that are no mint. */
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { account, agentsPolicy, cleanUp, folder, type Mint, serve } from '../whole/support.ts';

export interface ExchangeWorld {
  issuer: DevIssuer;
  mint: Mint;
  /** A folder of the test's own, with the proof in `proofFile`. */
  dir: string;
  proof: string;
  proofFile: string;
  /** Something that answers, but is no mint of ours. @returns its URL */
  stranger(answer: http.RequestListener): Promise<string>;
}

/**
 * Sets up a new mint for each test of the suite that calls this, and takes all of it down.
 * @param rule the one rule of the agents' policy; @param more manifests beside it, by file name
 */
export function exchangeWorld(rule: object, more: Record<string, string> = {}): ExchangeWorld {
  const strangers: http.Server[] = [];
  const world = {
    async stranger(answer: http.RequestListener) {
      const server = http.createServer(answer).listen(0, '127.0.0.1');
      strangers.push(server);
      await new Promise((resolve) => server.once('listening', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
  } as ExchangeWorld;
  before(async () => {
    world.issuer = await createDevIssuer();
  });
  after(() => world.issuer.close());
  beforeEach(async () => {
    world.mint = await serve({ 'agents.yaml': agentsPolicy(world.issuer.url, [rule]), ...more });
    world.dir = folder();
    world.proof = await world.issuer.sign(account('agent'));
    world.proofFile = join(world.dir, 'proof');
    writeFileSync(world.proofFile, `${world.proof}\n`);
  });
  afterEach(async () => {
    for (const server of strangers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await cleanUp();
  });
  return world;
}
