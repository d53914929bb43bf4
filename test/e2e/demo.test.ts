import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { runToEnd, start } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('make demo ARGS=--once', () => {
  let home: string;
  let env: Record<string, string>;
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'trustmint-demo-home-'));
    env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: home, TMPDIR: home };
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  it('from an empty HOME: three kinds of token, one grant a run, one refusal explained, the audit log; and it ends', async () => {
    const compiled = join(ROOT, 'hack/demo/shims/python/__pycache__');
    rmSync(compiled, { recursive: true, force: true });
    const began = performance.now();
    const { code, out, err } = await runToEnd(process.execPath, ['hack/demo/run.ts', '--once'], ROOT, env);
    assert.equal(code, 0, err);
    for (const pattern of [
      /^== A pod of ai-agents\/research-agent exchanges/m,
      /^ {4}budget_credits <= 1000$/m,
      /^ {4}department = research$/m,
      /^== A pod of ai-agents\/support-agent exchanges/m,
      /^ {4}budget_credits <= 200$/m,
      /^ {4}department = general$/m,
      /^ {4}label = ci-1001$/m,
      /^HTTP 403 .*"no_matching_policy"/m,
      /^decision: no_rule/m,
      /^ +FAILS +namespace: expected "ai-agents", actual "default"$/m,
      /GRANTED .*research-agent/,
      /REFUSED .*no_rule/,
    ]) {
      assert.match(out, pattern);
    }
    const grants = [...out.matchAll(/^run (\d+) {2}grant (\S+)$/gm)].map(([, run, grant]) => [run, grant]);
    assert.deepEqual(
      grants.map(([run]) => run),
      ['1001', '1001', '1002'],
    );
    assert.equal(grants[0]?.[1], grants[1]?.[1]);
    assert.notEqual(grants[0]?.[1], grants[2]?.[1]);
    assert.ok(performance.now() - began < 60_000, 'it takes seconds');
    assert.ok(!existsSync(compiled), 'it leaves nothing in the clone');
    assert.deepEqual(readdirSync(home), [], 'nor in the temporary directory');
  });

  for (const [when, pattern, code] of [
    ['in its midst is no success', /^== Started$/m, 130],
    ['while it serves is how it ends', /^== Serving until Ctrl-C/m, 0],
  ] as const) {
    it(`stopped ${when}, and leaves no process and no key behind`, async () => {
      const demo = start(process.execPath, ['hack/demo/run.ts'], ROOT, env);
      let out = '';
      demo.child.stdout?.on('data', (chunk) => {
        out += chunk;
        if (pattern.test(out) && !demo.child.killed) demo.child.kill('SIGINT');
      });
      const ended = await demo.ended;
      assert.equal(ended.code, code, ended.err);
      assert.deepEqual(readdirSync(home), []);
      const [, url = ''] = /^operations {7}(\S+)$/m.exec(out) ?? [];
      await assert.rejects(fetch(url), 'the mint is gone');
    });
  }
});
