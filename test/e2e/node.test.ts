import assert from 'node:assert/strict';
import { type Cluster, startCluster } from './cluster/index.ts';
import { eventually } from './deletion-support.ts';
import { type Nodes, startNodes } from './node/index.ts';

const NAMESPACE = 'default';

/** A Pod of a Node that runs these lines; `facts` is what it prints as JSON. */
const pod = (name: string, program: string, spec: object = {}, container: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { app: name.replace(/-\d$/, '') }, annotations: { colour: 'blue' } },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 3,
    ...spec,
    containers: [{ name: 'main', image: 'node:24', command: ['/nodejs/bin/node', '-e', program], ...container }],
  },
});

/** Answers with the Pod's name. */
const server = `require('node:http').createServer((q, a) => a.end(require('node:os').hostname())).listen(8443)`;

describe('Pods that are played', () => {
  let cluster: Cluster;
  let nodes: Nodes;
  before(async function () {
    this.timeout(120_000);
    cluster = await startCluster({ controllerManager: true });
    nodes = await startNodes(cluster);
    const account = () => cluster.tryKubectl(['get', 'serviceaccount', 'default']);
    await eventually('the default account', async () => (await account()).code === 0);
  });
  after(async function () {
    this.timeout(60_000);
    await nodes?.stop();
    await cluster?.stop();
  });

  const of = (name: string, path: string) => cluster.kubectl(['get', 'pod', name, '-o', `jsonpath=${path}`]);
  const phase = (name: string) => of(name, '{.status.phase}');
  async function facts(name: string): Promise<Record<string, unknown>> {
    await eventually(`${name} ends`, async () => /Succeeded|Failed/.test(await phase(name)));
    const said = await cluster.kubectl(['logs', name]);
    assert.equal(await phase(name), 'Succeeded', said);
    return JSON.parse(said);
  }

  it('a container is nobody: no rights, no way to more, a root that it cannot write, processes of its own', async () => {
    const program = `
      const { readFileSync: read, writeFileSync: write, readdirSync: list } = require('node:fs');
      const may = (path) => { try { write(path, 'x'); return true; } catch { return false; } };
      const status = Object.fromEntries(read('/proc/self/status', 'utf8').split('\\n').map((l) => l.split(':\\t')));
      console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), pid: process.pid, caps: status.CapEff,
        gained: status.NoNewPrivs, root: may('/x'), app: may('/usr/x'), scratch: may('/scratch/x'),
        processes: list('/proc').filter((n) => /^\\d+$/.test(n)), host: require('node:os').hostname() }));`;
    const spec = { securityContext: { runAsUser: 65532, runAsNonRoot: true }, volumes: [{ name: 's', emptyDir: {} }] };
    await cluster.apply([pod('nobody', program, spec, { volumeMounts: [{ name: 's', mountPath: '/scratch' }] })]);
    const expected = { uid: 65532, gid: 65532, pid: 1, caps: '0000000000000000', gained: '1', root: false, app: false };
    assert.deepEqual(await facts('nobody'), { ...expected, scratch: true, processes: ['1'], host: 'nobody' });
  }).timeout(60_000);

  it('it has the variables and the files that its specification says', async () => {
    await cluster.apply([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: NAMESPACE }, data: { a: '1' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secrets', namespace: NAMESPACE }, stringData: { b: '2' } },
    ]);
    const program = `
      const read = (path) => { try { return require('node:fs').readFileSync(path, 'utf8').trim(); } catch (e) { return e.code; } };
      const token = JSON.parse(Buffer.from(read('/tokens/proof').split('.')[1], 'base64url'));
      console.log(JSON.stringify({ ...Object.fromEntries(['NAME', 'IP', 'A', 'B', 'ALL', 'COLOUR'].map((n) => [n, process.env[n]])),
        b: read('/secrets/b'), closed: read('/closed/b'), colour: read('/about/colour'), aud: token.aud, pod: token['kubernetes.io'].pod.name,
        namespace: read('/var/run/secrets/kubernetes.io/serviceaccount/namespace'), argument: process.argv[1] }));`;
    const from = (more: object) => ({ valueFrom: more });
    const container = {
      args: ['$(NAME) of $(A) $(NONE)'],
      env: [
        { name: 'NAME', ...from({ fieldRef: { fieldPath: 'metadata.name' } }) },
        { name: 'IP', ...from({ fieldRef: { fieldPath: 'status.podIP' } }) },
        { name: 'COLOUR', ...from({ fieldRef: { fieldPath: "metadata.annotations['colour']" } }) },
        { name: 'A', ...from({ configMapKeyRef: { name: 'settings', key: 'a' } }) },
        { name: 'B', ...from({ secretKeyRef: { name: 'secrets', key: 'b' } }) },
        { name: 'ALL', value: '$(A)+$(B)=$$(3)' },
      ],
      volumeMounts: ['secrets', 'closed', 'about', 'tokens'].map((name) => ({ name, mountPath: `/${name}` })),
    };
    const items = [{ path: 'colour', fieldRef: { fieldPath: "metadata.annotations['colour']" } }];
    const volumes = [
      { name: 'secrets', secret: { secretName: 'secrets' } },
      { name: 'closed', secret: { secretName: 'secrets', defaultMode: 0o400 } },
      { name: 'about', downwardAPI: { items } },
      { name: 'tokens', projected: { sources: [{ serviceAccountToken: { audience: 'mint', path: 'proof' } }] } },
    ];
    await cluster.apply([pod('told', program, { volumes, securityContext: { runAsUser: 65532 } }, container)]);
    const { IP, ...rest } = await facts('told');
    assert.match(String(IP), /^10\.244\./);
    assert.deepEqual(rest, {
      ...{ NAME: 'told', A: '1', B: '2', ALL: '1+2=$(3)', COLOUR: 'blue', argument: 'told of 1 $(NONE)' },
      // Root's alone, in a cluster.
      ...{ b: '2', closed: 'EACCES', colour: 'blue', aud: ['mint'], pod: 'told', namespace: NAMESPACE },
    });
  }).timeout(60_000);

  it('two listen on one port, and a Service leads to those that are ready, by its name', async () => {
    const ready = {
      readinessProbe: { httpGet: { port: 'http' }, periodSeconds: 1 },
      ports: [{ name: 'http', containerPort: 8443 }],
    };
    const never = { ...ready, readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1 } };
    const service = { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 'http' }] };
    await cluster.apply([
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'server', namespace: NAMESPACE }, spec: service },
      pod('server-1', server, {}, ready),
      pod('server-2', server, {}, ready),
      pod('server-3', server, {}, never),
    ]);
    for (const name of ['server-1', 'server-2'])
      await cluster.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=30s']);
    const program = `
      const names = new Set(); let n = 0;
      const ask = async () => { try { names.add(await (await fetch('http://server', { headers: { connection: 'close' } })).text()); } catch {}
        if (++n < 100 && names.size < 2) setTimeout(ask, 100); else console.log(JSON.stringify([...names].sort())); };
      ask();`;
    await cluster.apply([pod('asking', program)]);
    assert.deepEqual(await facts('asking'), ['server-1', 'server-2']);
    assert.equal(await of('server-3', '{.status.phase} {.status.containerStatuses[0].ready}'), 'Running false');
    const nodesOf = await cluster.kubectl([
      'get',
      'pods',
      '-l',
      'app=server',
      '-o',
      'jsonpath={.items[*].spec.nodeName}',
    ]);
    assert.equal(new Set(nodesOf.split(' ')).size, 2);
    const port = await nodes.reachService(NAMESPACE, 'server', 80);
    assert.match(await (await fetch(`http://127.0.0.1:${port}`)).text(), /^server-[12]$/);
  }).timeout(90_000);

  it('what is unhealthy, or ends, starts again; what is told to end has its time', async () => {
    const ends = `process.on('SIGTERM', () => { console.log('told'); setTimeout(() => process.exit(0), 500); }); ${server}`;
    const liveness = { livenessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1, failureThreshold: 1 } };
    const always = { restartPolicy: 'Always' };
    await cluster.apply([
      pod('unhealthy', ends, always, liveness),
      pod('crashing', 'process.exit(3)', always),
      pod('deaf', `process.on('SIGTERM', () => {}); ${server}`),
      pod('polite', ends),
    ]);
    const restarts = async (name: string) => Number(await of(name, '{.status.containerStatuses[0].restartCount}'));
    await eventually(
      'both start again',
      async () => (await restarts('unhealthy')) > 0 && (await restarts('crashing')) > 0,
    );
    assert.equal(await of('crashing', '{.status.containerStatuses[0].lastState.terminated.exitCode}'), '3');
    await eventually(
      'they run',
      async () => (await phase('deaf')) === 'Running' && (await phase('polite')) === 'Running',
    );
    const began = performance.now();
    await cluster.kubectl(['delete', 'pod', 'deaf', 'polite', 'unhealthy', 'crashing', '--timeout=30s']);
    assert.ok(performance.now() - began > 2_500, 'the deaf one was killed when its 3 s were up');
    assert.match(await nodes.logs(NAMESPACE, 'polite'), /told\n$/);
  }).timeout(90_000);

  it('a Job runs to its end, after its init containers; a ConfigMap that changes is seen', async () => {
    const program = `const { readFileSync: read } = require('node:fs');
      const look = () => (read('/settings/a', 'utf8') === '7' ? console.log(read('/shared/x', 'utf8')) : setTimeout(look, 50)); look();`;
    const shared = { name: 'shared', mountPath: '/shared' };
    const job = pod(
      'job',
      program,
      {
        volumes: [
          { name: 'settings', configMap: { name: 'settings' } },
          { name: 'shared', emptyDir: {} },
        ],
        initContainers: [
          {
            ...{ name: 'first', image: 'node:24', volumeMounts: [shared] },
            command: ['/nodejs/bin/node', '-e', `require('node:fs').writeFileSync('/shared/x', 'from the first')`],
          },
        ],
      },
      { volumeMounts: [{ name: 'settings', mountPath: '/settings' }, shared] },
    );
    const template = { spec: job.spec };
    await cluster.apply([
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job', namespace: NAMESPACE }, spec: { template } },
    ]);
    await eventually('it runs', async () =>
      (await cluster.kubectl(['get', 'pods', '-l', 'job-name=job'])).includes('Running'),
    );
    await cluster.kubectl(['patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"a":"7"}}']);
    await cluster.kubectl(['wait', '--for=condition=Complete', 'job/job', '--timeout=30s']);
    assert.equal(await cluster.kubectl(['logs', 'job/job']), 'from the first\n');
  }).timeout(90_000);

  it('says what it does not play, instead of doing otherwise', async () => {
    const volumes = [{ name: 'h', hostPath: { path: '/' } }];
    await cluster.apply([
      pod('host', '', { volumes }),
      { ...pod('other', ''), spec: { containers: [{ name: 'x', image: 'nginx' }] } },
    ]);
    await eventually(
      'told',
      async () => (await of('host', '{.status.message}')) === 'volumes of kind hostPath: not played here',
    );
    await eventually('told', async () => (await of('other', '{..waiting.reason}')) === 'ErrImagePull');
  }).timeout(60_000);
});
