import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { exchange } from '../../src/cli/exchange.ts';
import { OPENSSL, selfSigned } from '../support/certificates.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { account, agentsPolicy, collector, EVERYONE, serve, until } from '../whole/support.ts';
import { exchangeWorld } from './exchange-support.ts';

describe('trustmint exchange --wait', () => {
  const world = exchangeWorld(EVERYONE);

  /** The command with a clock that passes a second whenever it is asked to. */
  function waiting(flags: object) {
    const clock = new FakeClock();
    const [out, err] = [collector(), collector()];
    const io = { stdin: Readable.from([]), stdout: out.stream, stderr: err.stream };
    const ended = exchange({ url: world.mint.url, proofFile: world.proofFile, wait: 60, ...flags }, io, clock).then(
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
    writeFileSync(world.proofFile, await world.issuer.sign({ ...account('agent'), audience: 'later' }));
    const run = waiting({ inspect: true });
    await run.says(/^waiting: .* \(invalid_proof\)$/m);
    world.mint.write('later.yaml', agentsPolicy(world.issuer.url, [EVERYONE], { audience: 'later' }, 'later'));
    assert.equal(await run.end(), 'granted');
    assert.match(run.out(), /^granted by {2}ai-agents\/later$/m);
    assert.equal(run.err().trimEnd().split('\n').length, 1, 'once, not at each try');
  });

  it('waits for a mint that is not there yet, and for its CA', async function () {
    if (!OPENSSL) this.skip();
    const gone = world.mint.url;
    await world.mint.stop();
    const port = new URL(gone).port;
    const url = `https://127.0.0.1:${port}`;
    const caFile = join(world.dir, 'ca.crt');
    const run = waiting({ url, caFile });
    await run.says(/^waiting: .*ENOENT \(no_ca\)$/m);
    selfSigned(world.dir, 'mint');
    writeFileSync(caFile, readFileSync(join(world.dir, 'mint.crt')));
    await run.says(/^waiting: .*ECONNREFUSED.* \(unreachable\)$/m);
    const tls = ['--tls-cert', join(world.dir, 'mint.crt'), '--tls-key', join(world.dir, 'mint.key')];
    await serve({}, [...tls, '--listen', `127.0.0.1:${port}`], world.mint);
    assert.equal(await run.end(), 'granted');
    assert.match(run.out(), /^[\w-]+\n$/);
  });

  it('takes the proof as it is by then: the kubelet replaces it', async () => {
    writeFileSync(world.proofFile, 'stale');
    const run = waiting({});
    await run.says(/\(invalid_proof\)$/m);
    writeFileSync(world.proofFile, world.proof);
    assert.equal(await run.end(), 'granted');
  });

  it('gives up when the time is over, with the last refusal; and at once where waiting does not help', async () => {
    writeFileSync(world.proofFile, 'never');
    const run = waiting({ wait: 20 });
    assert.equal(await run.end(), 'invalid_proof');
    assert.ok(run.clock.monotonic() >= 20_000 && run.clock.monotonic() < 25_000);
    writeFileSync(world.proofFile, world.proof);
    const refused = waiting({ ttl: 6 * 3600 });
    assert.equal(await refused.end(), 'exceeds_policy');
    assert.equal(refused.err(), '');
  });

  it('heeds Retry-After', async () => {
    let asked = 0;
    const url = await world.stranger((_req, res) => {
      asked += 1;
      if (asked > 1) res.end(JSON.stringify({ token: 'dG9rZW4' }));
      else res.writeHead(503, { 'retry-after': '30' }).end(JSON.stringify({ error: 'temporarily_unavailable' }));
    });
    const run = waiting({ url });
    await until('it has asked', () => run.clock.pending > 0);
    await run.clock.advance(29_000);
    assert.equal(asked, 1);
    assert.equal(await run.end(), 'granted');
  });
});
