import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('make cluster', () => {
  it('every line that it prints works as printed; Ctrl-C ends it and leaves nothing', async () => {
    const shown = spawn(process.execPath, ['hack/kube/cluster.ts'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const errors = text(shown.stderr);
    const ended = once(shown, 'exit');
    const lines: string[] = [];
    for await (const line of createInterface({ input: shown.stdout })) {
      lines.push(line);
      if (line.startsWith('Ctrl-C')) break;
    }
    const printed = lines.join('\n');
    assert.match(printed, /^API server {2}https:\/\/127\.0\.0\.1:\d+$/m, await Promise.race([errors, 'no error']));
    const [, dir = ''] = /^log, audit {2}(\S+)\/operator-\d+\.log /m.exec(printed) ?? [];
    assert.ok(existsSync(dir));
    try {
      const commands = lines.filter((line) => line.startsWith('    ')).join('\n');
      const env = { PATH: process.env.PATH ?? '', HOME: dir };
      const { out, err } = await runToEnd('bash', ['-uc', commands], ROOT, env);
      assert.match(out, /^trustpolicy\.trustmint\.dev\/research created$/m);
      assert.match(out, /^ai-agents +research +.* kubernetes +satgate +\S+/m);
      assert.match(out, /^FIELD: match <Object>$/m);
      assert.match(
        err,
        /^The TrustPolicy "research" is invalid: spec\.audience: .*an audience is exact: it has no wildcards\n$/,
      );
      const answers = out.split('\n').filter((line) => line.startsWith('{'));
      const [granted, refused] = answers.map((line) => JSON.parse(line) as { caveats?: string[]; error?: string });
      assert.deepEqual(granted?.caveats?.slice(2), [
        'tenant = ai-agents',
        'budget_credits <= 1000',
        'department = research',
      ]);
      // No policy is left that trusts this cluster.
      assert.equal(refused?.error, 'invalid_proof');
    } finally {
      shown.kill('SIGINT');
    }
    assert.deepEqual(await ended, [0, null]);
    assert.ok(!existsSync(dir));
  });
});
