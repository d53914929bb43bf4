/**
 * `make demo`: a local identity issuer and the mint, on free ports; the published policies and client snippets;
 * real signed tokens in, macaroons out, with the audit record of each. `--once` exits at the end.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describeMacaroon } from '../../src/macaroon/index.ts';
import { runProgram, startTrustmint, stopAll } from './children.ts';
import { dim, heading, say, showMacaroon } from './show.ts';
import { snippetRunner } from './snippets.ts';

const once = process.argv.includes('--once');
const work = mkdtempSync(join(tmpdir(), 'trustmint-demo-'));
const auditLog = join(work, 'audit.log');
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});
/** From then on Ctrl-C is how it ends, and no failure. */
let serving = false;

async function demo(): Promise<void> {
  const [issuer = '', github = '', requestToken = ''] = await startTrustmint(
    ['dev', 'issuer', '--listen', '127.0.0.1:0'],
    /^listening url=(\S+) github=(\S+) request-token=(\S+)/,
  );
  const policies = writePolicies({ research: issuer, ci: github });
  const [mint = '', ops = ''] = await startTrustmint(
    [
      ...['serve', '--manifests', policies, '--issuer', 'http://mint.localhost:8080'],
      ...['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0'],
      ...['--data-dir', join(work, 'data'), '--audit-log', auditLog, '--log-format', 'text'],
    ],
    / listening url=(\S+) ops=(\S+)/,
  );
  const exchangeUrl = `${mint}/api/mint/exchange`;
  const snippets = await snippetRunner(work, exchangeUrl);
  heading('Started');
  say(`identity issuer  ${issuer}\nmint             ${mint}\noperations       ${ops}\npolicies         ${policies}`);

  const proofOf = async (claims: Record<string, unknown>): Promise<string> => {
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ audience: 'satgate', ...claims }),
    });
    return ((await answer.json()) as { token: string }).token;
  };

  await agents(proofOf);
  await workflowRuns();
  await refusal(proofOf);
  heading('The audit log, as `trustmint audit tail` prints it');
  say(await runProgram(process.execPath, ['src/main.ts', 'audit', 'tail', auditLog]));
  if (!once) await keepServing();

  async function agents(proof: typeof proofOf): Promise<void> {
    const tokenFile = join(work, 'satgate-token');
    const cases = [
      { account: 'research-agent', script: 'exchange.py', variable: 'satgate_token' },
      { account: 'support-agent', script: 'startup.py', variable: 'token' },
    ];
    for (const { account, script, variable } of cases) {
      const jwt = await proof({ kind: 'service-account', namespace: 'ai-agents', serviceAccount: account });
      writeFileSync(tokenFile, jwt);
      const how = snippets.python
        ? `examples/clients/${script}, ${snippets.python}`
        : 'no Python here: plain HTTP instead';
      heading(`A pod of ai-agents/${account} exchanges its service-account token (${how})`);
      say(dim(`presented: ${JSON.stringify(decodeJwt(jwt))}`));
      const token = snippets.python
        ? await snippets.runPython(script, tokenFile, variable)
        : await exchangePlainly(exchangeUrl, jwt);
      say(showMacaroon(token));
    }
  }

  async function workflowRuns(): Promise<void> {
    heading(
      `A GitHub Actions workflow, run 1001 twice and run 1002 once (examples/clients/github-actions.sh, ${snippets.shell})`,
    );
    const grants: { run: number; grant: string }[] = [];
    for (const [index, run] of [1001, 1001, 1002].entries()) {
      const query = new URLSearchParams({
        'api-version': '2.0',
        repository: 'acme-corp/ai-pipeline',
        ref: 'refs/heads/main',
        run_id: String(run),
      });
      const token = await snippets.runWorkflowStep(`${issuer}/actions/token?${query}`, requestToken);
      if (index === 0) say(showMacaroon(token));
      grants.push({ run, grant: describeMacaroon(token).identifier?.gid ?? '' });
    }
    for (const { run, grant } of grants) say(`run ${run}  grant ${grant}`);
    say('One budget a run, however often its job asks.');
  }

  async function refusal(proof: typeof proofOf): Promise<void> {
    heading('A pod of another namespace is refused, and told nothing about the policies');
    const jwt = await proof({ kind: 'service-account', namespace: 'default', serviceAccount: 'research-agent' });
    const refused = await post(exchangeUrl, { credentials: jwt });
    say(`HTTP ${refused.status} ${JSON.stringify(refused.body)}`);
    heading('…but the operator can ask why (POST /explain)');
    const { body } = await post(`${ops}/explain`, { credentials: jwt });
    say(explained(body as unknown as Explained));
  }

  async function keepServing(): Promise<void> {
    heading('Serving until Ctrl-C. Try it:');
    say(
      `PROOF=$(curl -s ${issuer}/token -H 'content-type: application/json' \\\n` +
        `  -d '{"kind":"service-account","namespace":"ai-agents","serviceAccount":"research-agent","audience":"satgate"}' | jq -r .token)\n` +
        `curl -s ${exchangeUrl} -H 'content-type: application/json' -d "{\\"credentials\\":\\"$PROOF\\",\\"budget_credits\\":10}" | jq`,
    );
    serving = true;
    setInterval(() => undefined, 1 << 30);
    await interrupted;
  }
}

/** The published policies; only their `issuer` is changed. */
function writePolicies(issuers: { research: string; ci: string }): string {
  const dir = join(work, 'policies');
  mkdirSync(dir);
  for (const [file, issuer] of [
    ['research-agents.yaml', issuers.research],
    ['ci-agents.yaml', issuers.ci],
  ] as const) {
    const text = readFileSync(join('examples/policies', file), 'utf8');
    writeFileSync(join(dir, file), text.replace(/^issuer: .*$/m, `issuer: "${issuer}"`));
  }
  return dir;
}

async function post(url: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function exchangePlainly(url: string, jwt: string): Promise<string> {
  return String((await post(url, { credentials: jwt })).body.token);
}

interface Explained {
  decision: { allowed: boolean; reason?: string; detail?: string };
  rules: { policy: { name: string }; rule: string; verdict: string; predicates: Predicate[] }[];
}

interface Predicate {
  predicate: string;
  expected: string;
  actual?: string;
  holds: boolean;
}

function explained({ decision, rules }: Explained): string {
  const lines = [`decision: ${decision.reason ?? 'granted'} (${decision.detail ?? ''})`];
  for (const { policy, rule, verdict, predicates } of rules) {
    lines.push(`  ${policy.name}/${rule}: ${verdict}`);
    for (const { predicate, expected, actual, holds } of predicates) {
      lines.push(`    ${holds ? 'holds' : 'FAILS'}  ${predicate}: expected ${expected}, actual ${actual ?? 'nothing'}`);
    }
  }
  return lines.join('\n');
}

let code = 0;
try {
  await Promise.race([
    demo(),
    interrupted.then(() => {
      code = serving ? 0 : 130;
    }),
  ]);
} finally {
  await stopAll();
  // The mint's keys are there.
  rmSync(work, { recursive: true, force: true });
}
process.exit(code);
