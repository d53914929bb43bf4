import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { API_VERSION, GROUP, KINDS } from '../../src/api/v1alpha1/index.ts';
import { CASES, GOOD, messagesOf, type Spec, TRANSITIONS } from '../crds/cel-cases.ts';
import { type Cluster, startCluster } from './cluster/index.ts';

const ROOT = resolve(import.meta.dirname, '../..');

const manifest = (kind: string, name: string, spec: object, more: object = {}) =>
  JSON.stringify({ apiVersion: API_VERSION, kind, metadata: { name, ...more }, spec });

/** What the parts of a refused object's row differ from: the good one of the same provider, whose issuer stays. */
function goodOf(kind: string, { provider }: Spec): Spec {
  const good = GOOD[kind]!.find((spec) => spec.provider === provider);
  assert.ok(good, `no good ${kind} of provider ${provider}`);
  return good;
}

describe('CRDs in a real API server', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
    await cluster.kubectl(['apply', '-f', join(ROOT, 'crds')]);
    await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', join(ROOT, 'crds')]);
  });
  after(() => cluster?.stop());

  const apply = (kind: string, name: string, spec: object) =>
    cluster.tryKubectl(['apply', '-f', '-'], { input: manifest(kind, name, spec) });

  async function accepts(kind: string, name: string, spec: object): Promise<void> {
    const { code, err } = await apply(kind, name, spec);
    assert.equal(code, 0, err);
  }

  async function refuses(kind: string, name: string, spec: object, sentence: string): Promise<void> {
    const { code, err } = await apply(kind, name, spec);
    assert.notEqual(code, 0, 'it was accepted');
    assert.ok(err.includes(sentence), `instead of “${sentence}” it says: ${err}`);
    assert.doesNotMatch(err, /failed rule|no such key|runtime error/);
  }

  it('accepts them: names, schema and every CEL rule; a second apply changes nothing', async () => {
    const { items } = JSON.parse(await cluster.kubectl(['get', 'crds', '-o', 'json'])) as {
      items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
    };
    assert.equal(items.length, KINDS.size);
    for (const { metadata, status } of items) {
      const holds = status.conditions.filter((condition) => condition.status === 'True').map(({ type }) => type);
      assert.deepEqual(holds.sort(), ['Established', 'NamesAccepted'], metadata.name);
    }
    const again = await cluster.kubectl(['apply', '-f', join(ROOT, 'crds')]);
    assert.equal(again.match(/ unchanged$/gm)?.length, KINDS.size, again);
  });

  it('holds every object that breaks nothing', async () => {
    for (const [kind, specs] of Object.entries(GOOD)) {
      for (const [n, spec] of specs.entries()) await accepts(kind, `good-${n}`, spec);
    }
  });

  it('holds every example', async () => {
    const all = readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.yaml'))
      .flatMap((file) => parseAllDocuments(readFileSync(join(ROOT, 'examples', file), 'utf8')))
      .map((document) => document.toJS() as { apiVersion?: string; metadata: { namespace?: string } })
      .filter(({ apiVersion }) => apiVersion === API_VERSION);
    assert.ok(all.length > 0);
    for (const namespace of new Set(all.flatMap(({ metadata }) => metadata.namespace ?? []))) {
      await cluster.tryKubectl(['create', 'namespace', namespace]);
    }
    await cluster.apply(all, {});
  });

  for (const kind of KINDS.keys()) {
    for (const message of messagesOf(kind)) {
      const transition = TRANSITIONS[kind]!.find(([about]) => about.test(message));
      if (transition) {
        const [, from, to] = transition;
        it(`${kind}: a change is refused with “${message}”`, async () => {
          await accepts(kind, 'changing', from);
          await refuses(kind, 'changing', to, message);
          await cluster.kubectl(['delete', kind, 'changing']);
          await accepts(kind, 'changing', to);
          await cluster.kubectl(['delete', kind, 'changing']);
        });
        continue;
      }
      it(`${kind}: a new object and a changed one are refused with “${message}”`, async () => {
        const row = CASES[kind]!.find(([about]) => about.test(message));
        assert.ok(row, 'this rule has no row: add one to test/crds/cel-cases.ts');
        const [, broken] = row;
        await refuses(kind, 'broken', broken, message);
        // One that can never change is refused for that first.
        if (TRANSITIONS[kind]!.some(([about]) => about.test('cannot be changed'))) return;
        await accepts(kind, 'was-good', goodOf(kind, broken));
        await refuses(kind, 'was-good', broken, message);
        await cluster.kubectl(['delete', kind, 'was-good']);
      });
    }
  }

  it('refuses what the schema does not know or bounds, and names it', async () => {
    const good = GOOD.TrustPolicy![0]!;
    const [rule] = good.trustRules as object[];
    await refuses('TrustPolicy', 'x', { ...good, audiance: 'mint' }, 'unknown field "spec.audiance"');
    await refuses('TrustPolicy', 'x', { ...good, provider: 'github2' }, 'Unsupported value: "github2"');
    const rules = Array.from({ length: 65 }, (_, n) => ({ ...rule, name: `r${n}` }));
    await refuses('TrustPolicy', 'x', { ...good, trustRules: rules }, 'must have at most 64 items');
    await accepts('TrustPolicy', 'x', { ...good, trustRules: rules.slice(1) });
    await cluster.kubectl(['delete', 'tpol', 'x']);
  });

  it('what a revoked policy says when somebody takes it back names the way back', async () => {
    const good = GOOD.TrustPolicy![0]!;
    await accepts('TrustPolicy', 'revoked', { ...good, state: 'Revoked' });
    const { err } = await apply('TrustPolicy', 'revoked', { ...good, state: 'Suspended' });
    assert.match(err, /spec\.state: Forbidden: Revoked is terminal: create a policy of another name/);
    await cluster.kubectl(['delete', 'tpol', 'revoked']);
  });

  describe('for people', () => {
    before(async () => {
      await cluster.kubectl(['create', 'namespace', 'people']);
      await cluster.apply(manifest('TrustPolicy', 'research', GOOD.TrustPolicy![0]!, { namespace: 'people' }));
      await cluster.apply(manifest('ClusterTrustPolicy', 'everywhere', GOOD.ClusterTrustPolicy![0]!));
    });
    const inPeople = (...args: string[]) => cluster.kubectl(['-n', 'people', ...args]);
    const report = (ready: 'True' | 'False') => {
      const condition = {
        type: 'Ready',
        status: ready,
        reason: 'Tested',
        message: 'as the test says',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
      return JSON.stringify({ status: { phase: 'Active', rules: 1, observedGeneration: 1, conditions: [condition] } });
    };
    const patchStatus = (ready: 'True' | 'False') =>
      inPeople('patch', 'tpol', 'research', '--subresource=status', '--type=merge', '-p', report(ready));

    it('kubectl get tpol shows Ready, Phase, Provider, Proof-Aud, Rules and Age', async () => {
      await patchStatus('True');
      const [header = '', row = ''] = (await inPeople('get', 'tpol')).split('\n');
      assert.deepEqual(header.split(/\s+/), ['NAME', 'READY', 'PHASE', 'PROVIDER', 'PROOF-AUD', 'RULES', 'AGE']);
      assert.match(row, /^research\s+True\s+Active\s+kubernetes\s+mint\s+1\s+\d+s$/);
      const wide = await inPeople('get', 'tpol', '-o', 'wide');
      assert.match(wide, /ISSUER\s+REASON\n.*https:\/\/k8s\.example\s+as the test says/);
    });

    it('kubectl wait --for=condition=Ready waits until it is, and no longer', async () => {
      await patchStatus('False');
      const early = await cluster.tryKubectl([
        ...['-n', 'people', 'wait', '--for=condition=Ready', '--timeout=1s', 'tpol/research'],
      ]);
      assert.notEqual(early.code, 0);
      assert.match(early.err, /timed out/);
      const waiting = inPeople('wait', '--for=condition=Ready', '--timeout=60s', 'tpol/research');
      await patchStatus('True');
      assert.match(await waiting, /condition met/);
    });

    it('kubectl get trustmint shows objects of every kind', async () => {
      const shown = await cluster.kubectl(['get', 'trustmint', '-A', '-o', 'name']);
      for (const { meta } of KINDS.values()) {
        assert.match(shown, new RegExp(`^${meta.kind.toLowerCase()}\\.${GROUP.replace('.', '\\.')}/`, 'm'));
      }
    });

    it('a status that is applied with the spec is ignored: it is the operator who reports', async () => {
      const claimed = { ...JSON.parse(manifest('ClusterTrustPolicy', 'claims', GOOD.ClusterTrustPolicy![0]!)) };
      await cluster.apply([{ ...claimed, status: { phase: 'Active' } }]);
      assert.equal(await cluster.kubectl(['get', 'ctpol', 'claims', '-o', 'jsonpath={.status}']), '');
    });

    it('kubectl explain says what each field is', async () => {
      for (const [path, words] of [
        ['tpol', /trust/i],
        ['tpol.spec.audience', /proof/i],
        ['tpol.spec.state', /Revoked/],
        ['tpol.spec.trustRules.match.serviceAccount', /service account/i],
        ['tpol.spec.trustRules.issue.ttl', /FIELD: ttl/],
        ['ctpol.spec.tenant', /tenant/i],
        ['pres.spec.limits.maxTtl', /FIELD: maxTtl/],
        ['trev.spec.derivedFrom', /macaroon/],
        ['tpol.status.conditions', /FIELD: conditions/],
      ] as const) {
        const text = await cluster.kubectl(['explain', path]);
        assert.match(text, words);
        assert.doesNotMatch(text, /<empty>/, path);
      }
    });
  });
});
