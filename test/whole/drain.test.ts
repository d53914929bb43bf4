import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join, resolve } from 'node:path';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { ask } from '../server/support.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, folder, until } from './support.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

describe('the process', () => {
  let issuer: DevIssuer;
  let child: ChildProcess | undefined;
  before(async () => {
    issuer = await createDevIssuer();
  });
  afterEach(async () => {
    if (child && child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await cleanUp();
  });
  after(() => issuer.close());

  async function start(flags: readonly string[] = []) {
    const home = folder();
    mkdirSync(join(home, 'policies'));
    writeFileSync(join(home, 'policies', 'agents.yaml'), agentsPolicy(issuer.url, [EVERYONE]));
    const args = [
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--ops-listen',
      '127.0.0.1:0',
      '--issuer',
      'http://mint.localhost',
      '--log-format',
      'text',
    ];
    const env = { ...process.env, TRUSTMINT_MANIFESTS: join(home, 'policies'), TRUSTMINT_DATA_DIR: join(home, 'data') };
    const started = spawn(process.execPath, [MAIN, ...args, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    let [out, err] = ['', ''];
    started.stdout.on('data', (chunk) => {
      out += chunk;
    });
    started.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const [, url = ''] = await until('it listens', () => / listening url=(\S+)/m.exec(err), 15_000);
    return {
      process: started,
      policies: join(home, 'policies'),
      url,
      out: () => out,
      err: () => err,
      ended: once(started, 'exit'),
    };
  }

  /** An exchange of which half has arrived; `finish` sends the rest. */
  function half(url: string, body: string) {
    const answer = Promise.withResolvers<{ status: number | undefined; connection: string | undefined }>();
    const req = http.request(`${url}/api/mint/exchange`, {
      method: 'POST',
      agent: false,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    });
    req.on('error', answer.reject);
    req.on('response', (res) => {
      res.resume();
      res.on('end', () => answer.resolve({ status: res.statusCode, connection: res.headers.connection }));
    });
    const arrived = new Promise<void>((done) => req.write(body.slice(0, 40), () => done()));
    return { arrived, finish: () => void req.end(body.slice(40)), answer: answer.promise };
  }

  it('on SIGTERM answers what is under way, takes nothing new, and exits 0', async () => {
    const mint = await start();
    const proof = await issuer.sign(account('agent'));
    const warm = await ask(`${mint.url}/api/mint/exchange`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${proof}` },
    });
    assert.equal(warm.status, 200, warm.text);
    const halves = Array.from({ length: 20 }, () => half(mint.url, JSON.stringify({ credentials: proof })));
    await Promise.all(halves.map(({ arrived }) => arrived));
    const metrics = /ops=(\S+)/.exec(mint.err())?.[1];
    await until('all are under way', async () => {
      const { text } = await ask(`${metrics}/metrics`);
      return Number(/^trustmint_\w*in_flight\w*(?:\{.*\})? (\d+)/m.exec(text)?.[1] ?? 0) >= 20;
    });

    mint.process.kill('SIGTERM');
    await until('it drains', () => mint.err().includes('draining'));
    await until('nothing new is accepted', () =>
      ask(mint.url).then(
        () => false,
        () => true,
      ),
    );
    for (const { finish } of halves) finish();
    const answers = await Promise.all(halves.map(({ answer }) => answer));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.deepEqual(new Set(answers.map(({ connection }) => connection)), new Set(['close']));
    const [code] = await mint.ended;
    assert.equal(code, 0, mint.err());
    const granted = mint
      .out()
      .split('\n')
      .filter((line) => line.includes('"outcome":"granted"'));
    assert.equal(granted.length, 21, 'each left its record before the process ended');
  });

  it('with --drain-delay is not ready at once, goes on answering, and closes each connection; a second signal ends the wait', async () => {
    const mint = await start(['--drain-delay', '5m']);
    const ops = /ops=(\S+)/.exec(mint.err())?.[1];
    const proof = await issuer.sign(account('agent'));
    const exchange = (agent?: http.Agent) =>
      ask(`${mint.url}/api/mint/exchange`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${proof}` },
        ...(agent && { agent }),
      });
    const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal((await exchange(kept)).headers.connection, 'keep-alive');
    assert.equal((await ask(`${ops}/readyz`)).status, 200);

    mint.process.kill('SIGTERM');
    const unready = await until('it is not ready', async () => {
      const answer = await ask(`${ops}/readyz`);
      return answer.status === 503 && answer;
    });
    assert.deepEqual(unready.json.failed, ['accepting']);
    assert.equal((await ask(`${ops}/healthz`)).status, 200, 'nobody restarts it');
    const answer = await exchange(kept);
    assert.deepEqual([answer.status, answer.headers.connection], [200, 'close']);
    assert.equal((await exchange()).status, 200, 'new connections too');
    assert.match(mint.err(), / info draining delay_s=300$/m);

    mint.process.kill('SIGTERM');
    assert.deepEqual(await mint.ended, [0, null]);
    kept.destroy();
  });

  it('waits as long as --drain-delay says, and no longer', async () => {
    const mint = await start(['--drain-delay', '1s']);
    mint.process.kill('SIGINT');
    await until('it drains', () => mint.err().includes('draining'));
    const at = performance.now();
    assert.deepEqual(await mint.ended, [0, null]);
    assert.ok(performance.now() - at > 800, 'a second');
  });

  it('goes on when nobody reads its log any more', async () => {
    const mint = await start();
    mint.process.stderr?.destroy();
    const credentials = await issuer.sign(account('research-agent'));
    const granted = () =>
      ask(`${mint.url}/api/mint/exchange`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ credentials }),
      });
    // A policy that changes is a line of the log.
    const changed = { ...EVERYONE, issue: { ...EVERYONE.issue, labelTemplate: 'changed' } };
    writeFileSync(join(mint.policies, 'agents.yaml'), agentsPolicy(issuer.url, [changed]));
    await until('the new rule', async () => (await granted()).json.label === 'changed');
    assert.equal((await granted()).status, 200);
    mint.process.kill('SIGTERM');
    assert.deepEqual(await mint.ended, [0, null]);
  });

  it('killed, leaves its data directory to the next one, which stops on SIGINT', async () => {
    const mint = await start();
    mint.process.kill('SIGKILL');
    await mint.ended;
    const again = await start();
    again.process.kill('SIGINT');
    const [code] = await again.ended;
    assert.equal(code, 0);
  });
});
