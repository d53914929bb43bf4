import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { ask } from '../server/support.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, type Mint, serve, until } from './support.ts';

describe('manifests, while serving', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  let good: string;
  before(async () => {
    issuer = await createDevIssuer();
    good = agentsPolicy(issuer.url, [EVERYONE]);
  });
  beforeEach(async () => {
    mint = await serve({ 'agents.yaml': good });
  });
  afterEach(cleanUp);
  after(() => issuer.close());

  const exchange = async () => mint.exchange(await issuer.sign(account('agent')));
  const errors = async () => (await ask(`${mint.ops}/policies`)).json.readErrors as { code: string; message: string }[];

  const bad: [string, () => string, string, RegExp][] = [
    ['an unknown kind', () => good.replace('"TrustPolicy"', '"TrustPolcy"'), 'unknown_kind', /TrustPolcy.*TrustPolicy/],
    ['an unknown version', () => good.replace('v1alpha1', 'v9'), 'unknown_version', /v9.*trustmint\.dev\/v1alpha1/],
    [
      'an unknown field',
      () => good.replace('"budgetCredits"', '"budgetCredit"'),
      'unknown_field',
      /budgetCredit.*budgetCredits/,
    ],
    ['a value of a wrong type', () => good.replace('"4h"', '4'), 'invalid_field', /ttl/],
    ['text that is no YAML', () => 'spec: [', 'bad_yaml', /./],
  ];
  for (const [what, text, code, says] of bad) {
    it(`with ${what} are a failed read: said at /policies, /readyz and in the log, and what was served goes on`, async () => {
      mint.write('new.yaml', text());
      const [error] = await until('the read fails', async () => {
        const all = await errors();
        return all.length > 0 && all;
      });
      assert.equal(error?.code, code);
      assert.match(error?.message ?? '', says);
      const ready = await ask(`${mint.ops}/readyz?verbose`);
      const policies = ready.json.checks.find(({ name }: { name: string }) => name === 'policies');
      assert.match(policies.message, new RegExp(`new\\.yaml.*\\(${code}\\)`));
      assert.match(mint.log(), new RegExp(`new\\.yaml.*\\[${code}\\]`));
      assert.equal((await exchange()).status, 200);

      rmSync(join(mint.dir, 'new.yaml'));
      await until('it is mended', async () => (await errors()).length === 0);
      assert.match(mint.log(), /every manifest is read again/);
    });
  }

  it('P24: at the start with a bad manifest nothing is granted, readiness fails, and mending it is enough', async () => {
    const broken = await serve({ 'agents.yaml': good.replace('"audience"', '"audiense"') });
    assert.equal((await ask(`${broken.ops}/readyz`)).status, 503);
    const proof = await issuer.sign(account('agent'));
    assert.deepEqual((await broken.exchange(proof)).json.error, 'temporarily_unavailable');
    broken.write('agents.yaml', good);
    await until('it serves', async () => (await broken.exchange(proof)).status === 200);
    assert.equal((await ask(`${broken.ops}/readyz`)).status, 200);
  });

  it('P24: an empty directory grants nobody anything, and a policy that is removed grants no more', async () => {
    const empty = await serve({});
    const proof = await issuer.sign(account('agent'));
    assert.deepEqual((await empty.exchange(proof)).status, 401);
    assert.equal(empty.audit().at(-1).refused.reason, 'unknown_issuer');
    assert.equal((await exchange()).status, 200);
    rmSync(join(mint.dir, 'agents.yaml'));
    await until('the policy is gone', async () => (await mint.exchange(proof)).status === 401);
  });

  it('P15: two issuers of one name with other keys are two anchors, and keys are never merged', async () => {
    const other = await createDevIssuer();
    try {
      const jwks = JSON.stringify((await ask(`${other.url}/jwks`)).json);
      const rule = { ...EVERYONE, issue: { ttl: '1h', caveats: ['cluster = second'] } };
      const keys = { keys: { inline: jwks }, audience: 'second' };
      mint.write('second.yaml', agentsPolicy(issuer.url, [rule], keys, 'second'));
      const claims = { iss: issuer.url };
      const bySecond = await other.sign(account('agent', { audience: 'second', claims }));
      const answer = await until('the second is served', async () => {
        const one = await mint.exchange(bySecond);
        return one.status === 200 && one;
      });
      assert.ok(answer.json.caveats.includes('cluster = second'));
      const crossed = await mint.exchange(await other.sign(account('agent', { audience: 'satgate', claims })));
      assert.equal(crossed.status, 401, 'the second’s keys prove nothing to the first’s policy');
      assert.equal(mint.audit().at(-1).refused.reason, 'wrong_audience');
    } finally {
      await other.close();
    }
  });

  it('P14: equal subjects of two issuers are two identities: own budget, own subject', async () => {
    const other = await createDevIssuer();
    try {
      mint.write('second.yaml', agentsPolicy(other.url, [EVERYONE], {}, 'second'));
      const second = await until('the second is served', async () => {
        const one = await mint.exchange(await other.sign(account('agent')));
        return one.status === 200 && one;
      });
      const first = await exchange();
      assert.notEqual(first.json.grant_id, second.json.grant_id);
      const subjects = [first, second].map(async ({ json }) => (await mint.verify(json.token)).json.subject);
      assert.deepEqual(await Promise.all(subjects), [
        'k8s:ai-agents/agents:ai-agents:agent',
        'k8s:ai-agents/second:ai-agents:agent',
      ]);
    } finally {
      await other.close();
    }
  });

  it('P25: rules are tried in the documented order, whatever the files are called', async () => {
    const rule = (value: string) => ({
      name: value,
      match: { namespace: 'ai-agents' },
      issue: { caveats: [`by = ${value}`] },
    });
    const clusterWide = (name: string, priority: number) =>
      JSON.stringify({
        apiVersion: 'trustmint.dev/v1alpha1',
        kind: 'ClusterTrustPolicy',
        metadata: { name },
        spec: { provider: 'kubernetes', issuer: issuer.url, audience: 'satgate', priority, trustRules: [rule(name)] },
      });
    const by = async () => (await exchange()).json.caveats.find((text: string) => text.startsWith('by = '))?.slice(5);
    mint.write('a.yaml', clusterWide('fallback', -1));
    mint.write('agents.yaml', agentsPolicy(issuer.url, [rule('first'), rule('second')]));
    await until('the list’s order holds', async () => (await by()) === 'first');
    mint.write('z.yaml', clusterWide('guard', 0));
    await until('a guardrail comes before', async () => (await by()) === 'guard');
    mint.write('y.yaml', clusterWide('strict', 5));
    await until('the higher priority comes first', async () => (await by()) === 'strict');
    for (const file of ['y.yaml', 'z.yaml', 'agents.yaml']) rmSync(join(mint.dir, file));
    await until('the default is left', async () => (await by()) === 'fallback');
  });
});
