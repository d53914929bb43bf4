import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('make demo ARGS=--once', () => {
  const home = mkdtempSync(join(tmpdir(), 'trustmint-demo-home-'));
  after(() => rmSync(home, { recursive: true, force: true }));

  it('from an empty HOME: three kinds of token, one grant a run, one refusal explained, the audit log; and it ends', async () => {
    const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: home };
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
  });
});
