import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './cluster/ports.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('examples/agents/README.md, on a laptop', () => {
  let dir: string;
  let env: Record<string, string>;
  let ports: Record<string, number>;
  const running: ChildProcess[] = [];
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'trustmint-laptop-'));
    symlinkSync(join(ROOT, 'examples'), join(dir, 'examples'));
    writeFileSync(join(dir, 'trustmint'), `#!/bin/sh\nexec node ${ROOT}/src/main.ts "$@"\n`);
    chmodSync(join(dir, 'trustmint'), 0o755);
    const [issuer, mint, ops, api] = (await freePorts(4)) as [number, number, number, number];
    ports = { 9100: issuer, 8080: mint, 9000: api };
    env = {
      PATH: `${dir}:${dirname(process.execPath)}:${process.env.PATH}`,
      ...{
        LISTEN: `127.0.0.1:${api}`,
        TRUSTMINT_LISTEN: `127.0.0.1:${mint}`,
        TRUSTMINT_OPS_LISTEN: `127.0.0.1:${ops}`,
      },
    };
  });
  after(async () => {
    for (const { pid, exitCode } of running) if (exitCode === null) process.kill(-pid!, 'SIGTERM');
    await Promise.all(
      running.map(async (one) => one.exitCode === null && one.signalCode === null && once(one, 'exit')),
    );
    rmSync(dir, { recursive: true, force: true });
  });

  /** The commands of the section as they stand, with other ports of this machine. */
  function shell(): string[] {
    const page = readFileSync(join(ROOT, 'examples/agents/README.md'), 'utf8');
    const section = page.split('\n## ').find((one) => one.startsWith('On a laptop'))!;
    const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
    return blocks
      .flatMap((block) => block.trim().split('\n\n'))
      .map((block) => block.replace(/127\.0\.0\.1:(\d+)/g, (_all, port: string) => `127.0.0.1:${ports[port]}`));
  }

  const bash = (script: string, detached = false) =>
    spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: dir, env, detached, stdio: ['ignore', 'pipe', 'pipe'] });

  /** Starts a server, and waits until it says that it listens. */
  async function background(script: string) {
    const child = bash(script, true);
    running.push(child);
    let said = '';
    child.stderr!.on('data', (chunk) => {
      said += chunk;
    });
    const deadline = performance.now() + 30_000;
    while (!said.includes('listening')) {
      assert.ok(child.exitCode === null && performance.now() < deadline, said);
      await sleep(20);
    }
  }

  it('every command works as it stands: three servers, an SVID, a token, and the API that knows for whom', async () => {
    const [issuer, mint, api, ...client] = shell();
    assert.match(issuer!, /^trustmint dev issuer/);
    assert.match(mint!, /^cp [\s\S]*\ntrustmint serve/);
    assert.match(api!, /^ISSUER=[\s\S]*main\.mjs$/);
    for (const script of [issuer, mint, api]) await background(script!);
    const asked = bash(client.join('\n'));
    const [out, err] = await Promise.all([text(asked.stdout!), text(asked.stderr!)]);
    assert.match(out, /user:alice/, err);
    const answer = JSON.parse(out.slice(out.lastIndexOf('{"who"')));
    assert.deepEqual(answer, {
      who: 'spiffe://cluster.local/agent/tenant-1/alice/global-worker/agent-22962c27',
      onBehalfOf: 'user:alice',
      tenant: 'tenant-1',
      client: 'global-worker',
      scopes: ['sample-api-a:write'],
    });

    const file = join(dir, 'agents/registration.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('spec:\n', 'spec:\n  state: Suspended\n'));
    const deadline = performance.now() + 10_000;
    let last = '';
    const [svid = '', token = ''] = client;
    const again = `${svid}\n${token.replace('-r .access_token', '-c "[.error, .access_token]"')}\necho "$TOKEN"`;
    while (!last.includes('"unauthorized_client",null') && performance.now() < deadline)
      last = await text(bash(again).stdout!);
    assert.match(last, /"unauthorized_client",null/);
  });
});
