import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exemplar, type Prometheus, type Series, startPrometheus } from '../monitoring/prometheus.ts';
import { type Asked, everything, QUERIES } from '../monitoring/queries.ts';
import { ROOT } from '../monitoring/rules.ts';
import { resource } from './bad-days/world.ts';
import {
  type Cluster,
  install,
  OPERATOR,
  type Operator,
  OWN_ISSUER,
  startCluster,
  startOperator,
  until,
} from './cluster/index.ts';
import { type Load, startLoad } from './monitoring-load.ts';
import { account, namespaceNamed, policy, proofOf } from './serve-support.ts';

const AGENTS = ['one', 'two', 'three', 'four'];
/** The span over which rates are taken: ten scrapes. */
const INTERVAL = '10s';
const API_VERSION = 'trustmint.dev/v1alpha1';

const cluster_ = (name: string, spec: object) => ({
  apiVersion: API_VERSION,
  kind: 'ClusterTrustPolicy',
  metadata: { name },
  spec: {
    audience: 'satgate',
    trustRules: [{ name: 'all', match: { claims: { sub: 'x' } }, issue: { ttl: '1h' } }],
    ...spec,
  },
});

/** A team's policies, the platform's resource, and two things that are wrong. */
const WORLD = [
  ...['team', 'gateway'].map((name) => namespaceNamed(name)),
  ...[...AGENTS, 'stranger'].map((name) => account('team', name)),
  account('gateway', 'proxy'),
  resource('api', {
    audience: 'api-aud',
    grantableFrom: { namespaces: ['team'] },
    verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }],
  }),
  ...AGENTS.map((name) => policy('team', name, name, {}, { resources: ['api'] })),
  policy('team', 'passing', 'nobody', { deletionPolicy: 'Revoke' }),
  cluster_('unreachable', { provider: 'oidc', issuer: 'https://127.0.0.1', tenant: 'x' }),
  cluster_('wrong', { provider: 'oidc', issuer: 'https://other.example', tenant: '{{ .Claims.a }}{{' }),
];

describe('Monitoring, by a real Prometheus', () => {
  let cluster: Cluster;
  let replicas: Operator[];
  let prometheus: Prometheus;
  let load: Load;
  let began: number;

  const authority = () =>
    cluster.kubectl(['-n', OPERATOR.namespace, 'get', 'configmap', 'trustmint-ca', '-o', 'jsonpath={.data.ca\\.crt}']);
  const hosts = () => replicas.map(({ ops }) => new URL(ops).host);
  const leads = async ({ ops }: Operator) =>
    /^leader_election_master_status\{.*\} 1$/m.test(await (await fetch(`${ops}/metrics`)).text());
  async function leader(): Promise<Operator> {
    let found: Operator | undefined;
    await until(60_000, async () => {
      for (const one of replicas) if (one.process.pid && (await leads(one))) found = one;
      return found !== undefined;
    });
    return found!;
  }

  before(async function () {
    this.timeout(400_000);
    cluster = await startCluster();
    await install(cluster);
    await cluster.apply(WORLD);
    const flags = ['--tls-self-signed=localhost', '--rate-limit=10000,20000'];
    replicas = [await startOperator(cluster, { flags }), await startOperator(cluster, { flags })];
    for (const one of replicas) await one.ready();
    began = Date.now() / 1000;
    prometheus = await startPrometheus(cluster, hosts());
    const proof = (name: string) => proofOf(cluster, 'team', name);
    load = startLoad({
      urls: replicas.map(({ url }) => url.replace('http:', 'https:')),
      ca: await authority(),
      good: await Promise.all(AGENTS.map(proof)),
      bad: [await proof('stranger'), 'not a proof', await proofOf(cluster, 'team', 'one', 'another-audience')],
      resource: 'api',
      verifier: await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER),
    });
  });
  after(async function () {
    this.timeout(120_000);
    await load?.stop();
    await cluster?.stop();
  });

  it('on a quiet day nobody is told of anything but what is wrong', async () => {
    const wrong = ['TrustmintInvalidObjects', 'TrustmintIssuerFailing'];
    // Of a machine that does much else, and rightly so.
    const busy = ['TrustmintEventLoopLagging', 'TrustmintExchangesSlow'];
    const told = async () => (await prometheus.firing()).filter((name) => !busy.includes(name)).toSorted();
    await until(90_000, async () => `${await told()}` === `${wrong}`).catch(async () =>
      assert.deepEqual(await told(), wrong),
    );
  });

  it('every rule is evaluated without an error', async () => {
    const rules = await prometheus.rules();
    assert.ok(rules.length > 25);
    for (const { name, health, lastError } of rules) assert.equal(health, 'ok', `${name}: ${lastError}`);
  });

  it('a day with revocations, a deletion, another leader and an API server that restarts', async function () {
    this.timeout(300_000);
    await cluster.apply(
      ['grant', 'policy', 'agent'].map((by) => ({
        apiVersion: API_VERSION,
        kind: 'TokenRevocation',
        metadata: { name: `a-${by}`, namespace: OPERATOR.namespace },
        spec: { [by]: 'nobody-s' },
      })),
    );
    await cluster.kubectl(['-n', 'team', 'delete', 'tpol', 'passing']);
    // Before the leader that counted it goes, with its numbers.
    await until(30_000, async () => (await prometheus.query('sum(trustmint_policy_ends_total) > 0')).length > 0);
    await sleep(2_000);
    const first = await leader();
    await first.process.stop('SIGTERM');
    const second = await leader();
    assert.notEqual(second, first);
    await first.process.restart();
    await first.ready();
    await cluster.apiserver.restart();
    for (const one of replicas) await one.ready();
    // Another one than the API server's news: what it costs to be without it is over, and rates are of that time.
    await until(120_000, async () => (await prometheus.query(fresh)).length === replicas.length);
    await sleep(12_000);
    assert.ok(load.statuses.get(200)! > 100, JSON.stringify([...load.statuses]));
  });
  const fresh = 'rate(trustmint_exchange_requests_total{result="granted"}[10s]) > 1';

  for (const asked of QUERIES) {
    it(`the panel “${asked.panel}” shows ${asked.legend} as it can be`, async () => {
      const series = await prometheus.range(everything(asked.expr, INTERVAL), began);
      const numbers = finite(series);
      assert.ok(numbers.length > 0, asked.expr);
      for (const value of numbers) assert.ok(isSane(asked, value), `${value}: ${asked.expr}`);
      for (const label of asked.legend.matchAll(/\{\{(\w+)\}\}/g)) {
        if (label[1] === 'le') continue;
        for (const { metric } of series) assert.ok(Object.hasOwn(metric, label[1]!), `no ${label[1]}: ${asked.expr}`);
      }
    });
  }

  it('they show what the day was', async () => {
    const shown = async (panel: string, at = 0) => {
      const { expr } = QUERIES.filter((one) => one.panel === panel)[at]!;
      return prometheus.range(everything(expr, INTERVAL), began);
    };
    const most = (series: readonly Series[], labels: Record<string, string> = {}) =>
      Math.max(
        0,
        ...finite(series.filter(({ metric }) => Object.entries(labels).every(([key, value]) => metric[key] === value))),
      );
    assert.ok(most(await shown('Exchanges by result'), { result: 'granted' }) > 1);
    assert.ok(most(await shown('Refused and failed, by code'), { code: 'invalid_proof' }) > 0.5);
    assert.ok(most(await shown('Refused and failed, by code'), { code: 'no_matching_policy' }) > 0.5);
    assert.equal(most(await shown('Objects by kind and phase'), { kind: 'ClusterTrustPolicy', phase: 'Invalid' }), 1);
    for (const host of hosts()) assert.equal(most(await shown('Who leads'), { instance: host }), 1, `${host} led`);
    assert.ok(most(await shown('Policies and registrations that ended')) > 0);
    assert.ok(most(await shown('Watches begun again')) > 0, 'the API server was away');
    assert.equal(most(await shown('Revocations in force'), { by: 'grant' }), 1);
    const untilInForce = most(await shown('Until a revocation is in force', 1));
    assert.ok(untilInForce > 0 && untilInForce <= 60, `${untilInForce} s, on a machine that does much else`);
    assert.ok(most(await shown('Certificate expires in')) > 80 * 86_400);
    assert.ok(most(await shown('Other requests'), { result: 'active' }) > 0);
    assert.ok(most(await shown('Failed')) < 0.5);
  });

  it('a slow exchange is found by its correlation id, which its caller and the audit log have too', async () => {
    const found = await prometheus.exemplars('trustmint_exchange_duration_seconds_bucket', began);
    const exemplars = found.flatMap((one): readonly Exemplar[] => one.exemplars);
    assert.ok(exemplars.length > 5, `${exemplars.length}`);
    for (const { labels, value } of exemplars) {
      assert.ok(load.ids.has(labels.correlation_id!), JSON.stringify(labels));
      assert.ok(Number(value) > 0);
    }
  });

  it('somebody is told when the operator may no longer see to its Lease and its keys, and that it may again', async () => {
    const told = ['TrustmintKeysAtRisk', 'TrustmintNoLeader'];
    const tells = async (all: boolean) => {
      const firing = await prometheus.firing();
      return told.every((name) => firing.includes(name) === all);
    };
    await cluster.kubectl(['-n', OPERATOR.namespace, 'delete', 'rolebinding', 'trustmint-operator']);
    await until(90_000, () => tells(true));
    await cluster.kubectl(['apply', '-k', join(ROOT, 'config/rbac')]);
    await until(90_000, () => tells(false));
  });

  it('somebody is told when one replica is gone, and when none is left', async () => {
    const [one, other] = replicas as [Operator, Operator];
    const tells = async (name: string) => {
      await until(60_000, async () => (await prometheus.firing()).includes(name));
    };
    await one.process.stop();
    await tells('TrustmintReplicaNotReady');
    assert.ok(!(await prometheus.firing()).includes('TrustmintDown'));
    await other.process.stop();
    await tells('TrustmintDown');
    await one.process.restart();
    await one.ready();
    await until(60_000, async () => !(await prometheus.firing()).includes('TrustmintDown'));
  });
});

/** All values that are numbers: a share of nothing is none, and a replica that starts has read nothing for ever. */
const finite = (series: readonly Series[]) =>
  series.flatMap(({ values }) => values.map(([, value]) => Number(value))).filter(Number.isFinite);

function isSane({ unit, panel }: Asked, value: number): boolean {
  if (value < 0) return false;
  if (unit === 'percentunit') return value <= 1.5;
  if (unit === 'bytes') return value > 2 ** 20 && value < 2 ** 36;
  if (unit === 's') return panel.startsWith('Certificate') ? value < 91 * 86_400 : value <= 31 * 86_400;
  return value < 100_000;
}
