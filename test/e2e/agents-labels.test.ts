import assert from 'node:assert/strict';
import { type Cluster, install, startCluster, until } from './cluster/index.ts';

const POLICY = ['validatingadmissionpolicy', 'trustmint-agent-labels'];
const LABELS = { 'trustmint.dev/agent-id': 'agent-1', app: 'a' };
const metadata = (name: string, labels: object = { app: 'a' }) => ({ name, namespace: 'team-a', labels });
const podSpec = { containers: [{ name: 'c', image: 'example.com/agent' }] };
const template = (labels: object) => ({ metadata: { labels }, spec: podSpec });
const selector = { matchLabels: { app: 'a' } };
const job = (labels: object) => ({ template: { ...template(labels), spec: { ...podSpec, restartPolicy: 'Never' } } });

/** Every kind of which the API server or its controllers make Pods, with these labels where the Pods get them from. */
const kinds = (labels: object) => [
  { apiVersion: 'v1', kind: 'Pod', metadata: metadata('pod', labels), spec: podSpec },
  { apiVersion: 'v1', kind: 'PodTemplate', metadata: metadata('pt'), template: template(labels) },
  {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: metadata('rc'),
    spec: { selector: { app: 'a' }, template: template(labels) },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('d'),
    spec: { selector, template: template(labels) },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metadata('rs'),
    spec: { selector, template: template(labels) },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata('ss'),
    spec: { selector, serviceName: 's', template: template(labels) },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata('ds'),
    spec: { selector, template: template(labels) },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: metadata('cr'),
    data: { spec: { template: template(labels) } },
    revision: 1,
  },
  { apiVersion: 'batch/v1', kind: 'Job', metadata: metadata('j'), spec: job(labels) },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: metadata('cj'),
    spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: job(labels) } },
  },
];

describe('Labels that say who an agent is, in a real cluster', () => {
  let cluster: Cluster;
  let editor: string;
  let orchestrator: string;

  before(async () => {
    cluster = await startCluster({ controllerManager: true });
    await install(cluster);
    const create = (...args: string[]) => cluster.kubectl(['create', ...args]);
    for (const namespace of ['team-a', 'agents']) await create('namespace', namespace);
    await create('serviceaccount', 'orchestrator', '-n', 'agents');
    const edit = [
      'rolebinding',
      'edit',
      '-n',
      'team-a',
      '--clusterrole=edit',
      '--user=eve',
      '--serviceaccount=agents:orchestrator',
    ];
    await create(...edit);
    // The role edit knows neither of them.
    const resources = '--resource=podtemplates,controllerrevisions.apps';
    const podTemplates = ['role', 'templates', '-n', 'team-a', '--verb=*', resources];
    await create(...podTemplates);
    const who = ['--user=eve', '--serviceaccount=agents:orchestrator'];
    await create('rolebinding', 'templates', '-n', 'team-a', '--role=templates', ...who);
    // As docs/agents.md says it.
    const patch = [{ op: 'replace', path: '/spec/variables/0/expression', value: "['agents/orchestrator']" }];
    await cluster.kubectl(['patch', ...POLICY, '--type=json', '-p', JSON.stringify(patch)]);
    editor = await cluster.kubeconfigFor({ user: 'eve' });
    orchestrator = await cluster.kubeconfigFor({ namespace: 'agents', serviceAccount: 'orchestrator' });
    const probe = JSON.stringify({ ...kinds(LABELS)[3]!, metadata: metadata('probe') });
    const tries = (kubeconfig: string) =>
      cluster.tryKubectl(['create', '--dry-run=server', '-f', '-'], { kubeconfig, input: probe });
    await until(60_000, async () => (await tries(orchestrator)).code === 0);
    await until(60_000, async () => (await tries(editor)).code !== 0);
  });
  after(() => cluster?.stop());

  const applies = (object: object, kubeconfig: string) =>
    cluster.tryKubectl(['apply', '-f', '-'], { kubeconfig, input: JSON.stringify(object) });
  const remove = () =>
    cluster.kubectl([
      '-n',
      'team-a',
      'delete',
      'deploy,rs,sts,ds,rc,job,cronjob,podtemplate,controllerrevision,pod',
      '--all',
      '--force',
      '--grace-period=0',
    ]);

  it('a tenant’s editor is refused them on each kind, at creation and by a change, and writes the kind without', async () => {
    for (const labelled of kinds(LABELS)) {
      const { err } = await applies(labelled, editor);
      assert.match(err, /say who an agent is/, `${labelled.kind} was accepted`);
    }
    for (const [i, plain] of kinds({ app: 'a' }).entries()) {
      const { code, err } = await applies(plain, editor);
      assert.equal(code, 0, `${plain.kind}: ${err}`);
      // The selector of some kinds, and the whole template of a Job or a ControllerRevision, cannot be changed by anybody.
      if (plain.kind === 'Job' || plain.kind === 'ControllerRevision') continue;
      assert.match((await applies(kinds(LABELS)[i]!, editor)).err, /say who an agent is/, plain.kind);
    }
    await remove();
  }).timeout(180_000);

  it('the orchestrator’s own Deployments, Jobs and the rest get their Pods from the cluster’s controllers', async () => {
    const made = kinds(LABELS).filter(({ kind }) =>
      ['Deployment', 'StatefulSet', 'Job', 'ReplicationController'].includes(kind),
    );
    for (const object of made) assert.equal((await applies(object, orchestrator)).code, 0, object.kind);
    const pods = async () =>
      (await cluster.kubectl(['-n', 'team-a', 'get', 'pods', '-l', 'trustmint.dev/agent-id=agent-1', '-o', 'name']))
        .trim()
        .split('\n');
    await until(90_000, async () => (await pods()).filter(Boolean).length >= made.length);
    const [pod] = await pods();
    for (const change of ['trustmint.dev/agent-id=other', 'trustmint.dev/user-id=root', 'trustmint.dev/agent-id-']) {
      const { err } = await cluster.tryKubectl(['-n', 'team-a', 'label', '--overwrite', pod!, change], {
        kubeconfig: editor,
      });
      assert.match(err, /say who an agent is/, change);
    }
    const annotate = ['-n', 'team-a', 'annotate', pod!, 'a=b'];
    assert.equal(
      (await cluster.tryKubectl(annotate, { kubeconfig: editor })).code,
      0,
      'what else it says is no matter',
    );
    await remove();
  }).timeout(180_000);

  it('an agent registry is named by the platform team alone', async () => {
    const rights = ['clusterrole', 'namespaces', '--verb=*', '--resource=namespaces'];
    await cluster.kubectl(['create', ...rights]);
    await cluster.kubectl(['create', 'clusterrolebinding', 'namespaces', '--clusterrole=namespaces', '--user=eve']);
    const label = ['label', 'namespace', 'team-a', 'trustmint.dev/agent-registry=true'];
    await until(
      30_000,
      async () =>
        (await cluster.tryKubectl(['label', 'namespace', 'team-a', 'x=y'], { kubeconfig: editor })).code === 0,
    );
    assert.match((await cluster.tryKubectl(label, { kubeconfig: editor })).err, /platform team/);
    assert.equal((await cluster.tryKubectl(label)).code, 0);
  }).timeout(60_000);
});
