import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { describeMacaroon } from '../../src/macaroon/index.ts';
import { ask } from '../server/support.ts';
import { account, cleanUp, type Mint, serve } from './support.ts';

const RUN = { repository: 'acme-corp/ai-pipeline', ref: 'refs/heads/main' };

describe('the published policies, unchanged but for their issuers', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  before(async () => {
    issuer = await createDevIssuer();
    const text = (name: string, url: string) =>
      readFileSync(new URL(`../../examples/policies/${name}`, import.meta.url), 'utf8').replace(
        /^issuer: .*$/m,
        `issuer: "${url}"`,
      );
    mint = await serve({
      'research-agents.yaml': text('research-agents.yaml', issuer.url),
      'ci-agents.yaml': text('ci-agents.yaml', issuer.githubUrl),
    });
  });
  after(async () => {
    await cleanUp();
    await issuer.close();
  });

  /** How the published Python snippet asks: the token in the header and in the body. */
  async function exchange(proof: string) {
    const answer = await ask(`${mint.url}/api/mint/exchange`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${proof}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ credentials: proof }),
    });
    assert.equal(answer.status, 200, answer.text);
    const { identifier, caveats } = describeMacaroon(answer.json.token);
    assert.ok(identifier);
    return { ...answer.json, identifier, texts: caveats.map(({ text }) => text) };
  }

  it('give a research agent 1000 credits for 8 hours, department research', async () => {
    const said = await exchange(await issuer.sign(account('research-agent')));
    assert.equal(said.expires_in, 8 * 3600);
    assert.equal(said.policy, 'ai-agents/research-agents');
    for (const caveat of [
      'budget_credits <= 1000',
      'department = research',
      'cost_center = eng-ai',
      'tenant = default',
    ]) {
      assert.ok(said.texts.includes(caveat), caveat);
    }
    assert.deepEqual(said.caveats, said.texts);
  });

  it('give any other agent of the namespace 200 credits for 4 hours, department general', async () => {
    const said = await exchange(await issuer.sign(account('support-agent')));
    assert.equal(said.expires_in, 4 * 3600);
    assert.ok(said.texts.includes('budget_credits <= 200') && said.texts.includes('department = general'));
    assert.ok(!said.texts.some((text: string) => text.startsWith('cost_center')));
  });

  it('give nothing to an agent of another namespace', async () => {
    const proof = await issuer.sign(account('research-agent', { namespace: 'default' }));
    const answer = await mint.exchange(proof);
    assert.deepEqual([answer.status, answer.json.error], [403, 'no_matching_policy']);
  });

  it('label a workflow’s token by its run: two runs two grants, two exchanges of one run one', async () => {
    const run = async (id: string) => {
      const url = new URL(issuer.actionsUrl);
      for (const [name, value] of Object.entries({ ...RUN, run_id: id, audience: 'satgate' }))
        url.searchParams.set(name, value);
      const handed = await ask(url.href, { headers: { Authorization: `bearer ${issuer.requestToken}` } });
      return exchange(handed.json.value);
    };
    const [first, again, other] = [await run('1001'), await run('1001'), await run('1002')];
    assert.deepEqual([first.label, again.label, other.label], ['ci-1001', 'ci-1001', 'ci-1002']);
    assert.equal(first.expires_in, 3600);
    assert.ok(first.texts.includes('budget_credits <= 500') && first.texts.includes('label = ci-1001'));
    assert.equal(first.grant_id, again.grant_id);
    assert.notEqual(first.identifier.jti, again.identifier.jti);
    assert.notEqual(first.grant_id, other.grant_id);
  });

  it('give a workflow on another branch, or of a fork, nothing', async () => {
    for (const claims of [
      { ...RUN, ref: 'refs/heads/feature' },
      { ...RUN, repository: 'evil/ai-pipeline' },
      { ...RUN, repository: 'acme-corp/ai-pipeline-2' },
    ]) {
      const proof = await issuer.sign({ kind: 'github', audience: 'satgate', claims });
      assert.equal((await mint.exchange(proof)).json.error, 'no_matching_policy');
    }
  });

  it('leave one audit line per exchange, with the correlation id that the caller got', async () => {
    const answer = await mint.exchange(await issuer.sign(account('research-agent')));
    const record = mint.audit().find(({ id }) => id === answer.json.correlation_id);
    assert.equal(record?.outcome, 'granted');
    assert.equal(record?.granted.grant_id, answer.json.grant_id);
    assert.equal(record?.identity.subject, 'system:serviceaccount:ai-agents:research-agent');
  });

  it('P16: show at /policies what is served, where each issuer’s keys were found, and when last', async () => {
    const { json } = await ask(`${mint.ops}/policies`);
    assert.deepEqual(
      json.objects.map(({ name, served, rules }: Record<string, unknown>) => [name, served, rules]),
      [
        ['ci-agents', true, 1],
        ['research-agents', true, 2],
      ],
    );
    const byIssuer = new Map<string, Record<string, unknown>>(
      json.issuers.map((one: Record<string, unknown>) => [one.issuer, one]),
    );
    for (const url of [issuer.url, issuer.githubUrl]) {
      const status = byIssuer.get(url);
      assert.match(String(status?.source), /discovery.*\/jwks/);
      assert.equal(status?.keys, 2);
      assert.equal(status?.error, null);
      assert.ok(Math.abs(Date.parse(String(status?.lastSuccess)) - Date.now()) < 60_000);
    }
  });
});
