import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { exchange } from '../../src/cli/exchange.ts';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { OPENSSL, selfSigned } from '../support/certificates.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  account,
  agentsPolicy,
  cleanUp,
  collector,
  EVERYONE,
  folder,
  type Mint,
  serve,
  until,
} from '../whole/support.ts';

describe('trustmint exchange --wait', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  let dir: string;
  let proof: string;
  let proofFile: string;
  const strangers: http.Server[] = [];
  before(async () => {
    issuer = await createDevIssuer();
  });
  after(() => issuer.close());
  beforeEach(async () => {
    mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE]) });
    dir = folder();
    proof = await issuer.sign(account('agent'));
    proofFile = join(dir, 'proof');
    writeFileSync(proofFile, `${proof}\n`);
  });
  afterEach(async () => {
    for (const server of strangers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await cleanUp();
  });

  /** The command with a clock that passes a second whenever it is asked to. */
  function waiting(flags: object) {
    const clock = new FakeClock();
    const [out, err] = [collector(), collector()];
    const io = { stdin: Readable.from([]), stdout: out.stream, stderr: err.stream };
    const ended = exchange({ url: mint.url, proofFile, wait: 60, ...flags }, io, clock).then(
      () => 'granted',
      (error) => error.code,
    );
    let state: string | undefined;
    void ended.then((end) => {
      state = end;
    });
    /** Lets time pass until it says so, or ends. */
    const says = (text: RegExp) =>
      until(String(text), async () => {
        if (clock.pending > 0) await clock.advance(1_000);
        return text.test(err.text()) || state !== undefined;
      });
    const end = () =>
      until('its end', async () => {
        if (clock.pending > 0) await clock.advance(1_000);
        return state;
      });
    return { says, end, out: out.text, err: err.text, clock };
  }

  it('gets the token once the policy is there, and says meanwhile what it waits for', async () => {
    writeFileSync(proofFile, await issuer.sign({ ...account('agent'), audience: 'later' }));
    const run = waiting({ inspect: true });
    await run.says(/^waiting: .* \(invalid_proof\)$/m);
    mint.write('later.yaml', agentsPolicy(issuer.url, [EVERYONE], { audience: 'later' }, 'later'));
    assert.equal(await run.end(), 'granted');
    assert.match(run.out(), /^granted by {2}ai-agents\/later$/m);
    assert.equal(run.err().trimEnd().split('\n').length, 1, 'once, not at each try');
  });

  it('waits for a mint that is not there yet, and for its CA', async function () {
    if (!OPENSSL) this.skip();
    const gone = mint.url;
    await mint.stop();
    const port = new URL(gone).port;
    const url = `https://127.0.0.1:${port}`;
    const caFile = join(dir, 'ca.crt');
    const run = waiting({ url, caFile });
    await run.says(/^waiting: .*ENOENT \(no_ca\)$/m);
    selfSigned(dir, 'mint');
    writeFileSync(caFile, readFileSync(join(dir, 'mint.crt')));
    await run.says(/^waiting: .*ECONNREFUSED.* \(unreachable\)$/m);
    const tls = ['--tls-cert', join(dir, 'mint.crt'), '--tls-key', join(dir, 'mint.key')];
    await serve({}, [...tls, '--listen', `127.0.0.1:${port}`], mint);
    assert.equal(await run.end(), 'granted');
    assert.match(run.out(), /^[\w-]+\n$/);
  });

  it('takes the proof as it is by then: the kubelet replaces it', async () => {
    writeFileSync(proofFile, 'stale');
    const run = waiting({});
    await run.says(/\(invalid_proof\)$/m);
    writeFileSync(proofFile, proof);
    assert.equal(await run.end(), 'granted');
  });

  it('gives up when the time is over, with the last refusal; and at once where waiting does not help', async () => {
    writeFileSync(proofFile, 'never');
    const run = waiting({ wait: 20 });
    assert.equal(await run.end(), 'invalid_proof');
    assert.ok(run.clock.monotonic() >= 20_000 && run.clock.monotonic() < 25_000);
    writeFileSync(proofFile, proof);
    const refused = waiting({ ttl: 6 * 3600 });
    assert.equal(await refused.end(), 'exceeds_policy');
    assert.equal(refused.err(), '');
  });

  it('heeds Retry-After', async () => {
    let asked = 0;
    const server = http.createServer((_req, res) => {
      asked += 1;
      if (asked > 1) res.end(JSON.stringify({ token: 'dG9rZW4' }));
      else res.writeHead(503, { 'retry-after': '30' }).end(JSON.stringify({ error: 'temporarily_unavailable' }));
    });
    strangers.push(server.listen(0, '127.0.0.1'));
    await new Promise((resolve) => server.once('listening', resolve));
    const run = waiting({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await until('it has asked', () => run.clock.pending > 0);
    await run.clock.advance(29_000);
    assert.equal(asked, 1);
    assert.equal(await run.end(), 'granted');
  });
});
