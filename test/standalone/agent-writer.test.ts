import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VerifiedIdentity } from '../../src/identity.ts';
import { compile } from '../../src/policy/index.ts';
import { createAgentWriter, createManifestStore, type ManifestStore } from '../../src/standalone/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SPEC = { agentType: 'worker', userId: 'alice', identity: { spiffe: { trustDomain: 'cluster.local' } } };
const MANIFEST = (name: string, more = '') => `apiVersion: trustmint.dev/v1alpha1
kind: AgentRegistration
metadata: {name: ${name}}
spec: {agentType: worker, userId: bob, identity: {spiffe: {trustDomain: cluster.local}}${more}}
`;

const svid = (agentId: string) =>
  ({
    provider: 'spiffe',
    issuer: 'spiffe://cluster.local',
    attributes: new Map([['agentId', agentId]]),
  }) as unknown as VerifiedIdentity;

describe('agents standalone', () => {
  let dir: string;
  let dataDir: string;
  let clock: FakeClock;
  let store: ManifestStore;
  const random = (n: number) => randomBytes(n);

  async function open(): Promise<void> {
    store = await createManifestStore({
      dir,
      dataDir,
      clock,
      random,
      watch: () => ({ close: () => undefined }),
      compile: (objects) =>
        compile(objects, {
          tenancy: { mode: 'Single', tenant: 'acme' },
          defaultAudience: 'default',
          maxTtl: 86_400,
          ownIssuer: 'https://mint.example',
          allowLoopbackHttp: true,
        }),
    });
  }

  beforeEach(async () => {
    const home = await mkdtemp(join(tmpdir(), 'agents-'));
    [dir, dataDir] = [`${home}-manifests`, home];
    await mkdir(dir);
    clock = new FakeClock();
    await open();
  });
  afterEach(async () => {
    await store.close();
    for (const path of [dir, dataDir]) await rm(path, { recursive: true, force: true });
  });

  const writer = () => createAgentWriter({ dataDir, clock, random, store });
  const found = (name: string) => {
    const one = store.agents().find(svid(name), false, Math.floor(clock.now() / 1000));
    return 'not' in one ? one.not : one.agent.userId;
  };

  it('that are asked for are served once it is answered, and after a restart', async () => {
    const answer = await writer().register({ name: 'a-1', spec: SPEC });
    assert.ok(answer.result === 'registered');
    assert.equal(found('a-1'), 'alice');
    assert.equal((await writer().register({ name: 'a-1', spec: SPEC })).result, 'unchanged');
    const named = await writer().register({ spec: SPEC });
    assert.ok(named.result === 'registered' && named.name.startsWith('agent-'));
    await store.close();
    await open();
    assert.equal(found('a-1'), 'alice');
    assert.equal((await writer().retire({ name: 'a-1' })).result, 'retired');
    assert.equal(found('a-1'), 'unregistered');
    assert.equal((await writer().retire({ name: 'a-1' })).result, 'refused');
  });

  it('of a service account are refused without the issuer of its cluster: nobody would be the agent', async () => {
    const asking = (more: object) => {
      const serviceAccount = { namespace: 'n', name: 'sa', ...more };
      return writer().register({ name: 'sa', spec: { ...SPEC, identity: { serviceAccount } } });
    };
    const refused = await asking({});
    assert.ok(refused.result === 'refused' && refused.code === 'invalid_request' && /issuer/.test(refused.message));
    assert.equal((await asking({ issuer: 'https://cluster.example' })).result, 'registered');
  });

  it('of manifests are served too, and retired by who writes them', async () => {
    await writeFile(join(dir, 'a.yaml'), MANIFEST('m-1'));
    await store.reload();
    assert.equal(found('m-1'), 'bob');
    const answers = [
      await writer().register({ name: 'm-1', spec: SPEC }),
      await writer().retire({ name: 'm-1' }),
      await writer().register({ name: '../../x', spec: SPEC }),
      await writer().register({ namespace: 'other', spec: SPEC }),
      await writer().register({ name: 'x'.repeat(250), spec: SPEC }),
    ].map((answer) => (answer.result === 'refused' ? answer.code : answer.result));
    assert.deepEqual(answers, ['conflict', 'conflict', 'invalid_request', 'invalid_request', 'invalid_request']);
    assert.deepEqual(await readdir(join(dataDir, 'agents')), []);
    const [report] = store.snapshot()!.reports.filter(({ kind }) => kind === 'AgentRegistration');
    assert.deepEqual([report?.name, report?.phase], ['m-1', 'Active']);
  });

  it('that are Revoked kill what they were given, also once their file is taken away', async () => {
    await writeFile(join(dir, 'a.yaml'), MANIFEST('m-1', ', state: Revoked'));
    await store.reload();
    const uid = store.registrations()[0]!.metadata.uid!;
    const now = Math.floor(clock.now() / 1000);
    const facts = { jti: 'j', gid: 'g', pol: 'p', agt: uid, tenant: 'acme', iat: now - 10, derivedFrom: () => [] };
    assert.ok(store.revocations().check(facts, now));
    await rm(join(dir, 'a.yaml'));
    await store.reload();
    assert.equal(found('m-1'), 'unregistered');
    assert.ok(store.revocations().check(facts, now));
  });

  it('two of one identity are both named as duplicates', async () => {
    await writeFile(
      join(dir, 'a.yaml'),
      `${MANIFEST('m-1')}---\n${MANIFEST('m-1').replace('{name: m-1}', '{name: m-1, namespace: other}')}`,
    );
    await store.reload();
    const reasons = store.snapshot()!.reports.map(({ conditions }) => conditions[0]?.reason);
    assert.deepEqual(reasons, ['Duplicate', 'Duplicate']);
    assert.equal(found('m-1'), 'duplicate');
  });
});
