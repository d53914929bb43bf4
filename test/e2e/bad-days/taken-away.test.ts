import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { install, OPERATOR, type Operator, startOperator, until } from '../cluster/index.ts';
import { exchange, get } from '../serve-support.ts';
import { nothingFor, type Watchman } from './watchman.ts';
import { createWorld, eventually, readiness, says, signedProof, standing, type World } from './world.ts';

/** Seconds, far below what anybody would choose: the pulse keeps every collection younger. */
const MAX_STALENESS = 15;
const STALE_WITHIN = (MAX_STALENESS + 15) * 1_000;
/** Milliseconds: what a person has to mend is tried again every 10 s. */
const RECOVERED = 60_000;

describe('What the operator needs is taken away while it runs', () => {
  let world: World;
  let operator: Operator;
  let reviewed: string;
  let signed: string;
  let watch: Watchman;

  before(async () => {
    world = await createWorld();
    await world.cluster.apply(await standing());
    world.pulse();
    operator = await world.start(`--max-staleness=${MAX_STALENESS}s`);
    [reviewed, signed] = await Promise.all([world.proof('team-a', 'agent'), signedProof()]);
    await recovered();
  });
  after(() => world?.stop());

  beforeEach(async () => {
    watch = nothingFor(operator, await world.proof('team-a', 'stranger'));
  });
  afterEach(async () => {
    await watch.relieve();
    assert.ok(operator.process.pid, 'it never restarted');
    assert.equal((await get(`${operator.ops}/healthz`)).status, 200);
  });

  async function recovered(): Promise<void> {
    await eventually(200, () => exchange(operator, signed), RECOVERED);
    await eventually(200, () => exchange(operator, reviewed), RECOVERED);
    await says(/^200 /, () => readiness(operator));
  }

  it('its rights: reviews are 503 at once, all else once the view is too old, and «RBAC missing» says why', async () => {
    await world.cluster.kubectl(['delete', 'clusterrolebinding', 'trustmint-operator']);
    await eventually(503, () => exchange(operator, reviewed));
    // Whether a watch is allowed is asked when it is opened: let the ones there are end.
    await world.cluster.apiserver.restart();
    assert.notEqual((await exchange(operator, signed)).status, 401);
    await says(/RBAC missing: may not list and watch trustpolicies/, () => readiness(operator), RECOVERED);
    await eventually(503, () => exchange(operator, signed), STALE_WITHIN);
    await says(/^503 .*no sign of life for \d+ s/, () => readiness(operator));
    await install(world.cluster);
    await recovered();
  });

  it('a CRD: what was deleted with it is refused at once, «CRD not installed» says why; back, it is served', async () => {
    await world.cluster.kubectl(['delete', 'crd', 'trustpolicies.trustmint.dev']);
    // Told object by object, or that there is no such kind: then nothing at all is served.
    await until(RECOVERED, async () => (await exchange(operator, reviewed)).status !== 200);
    const gone = nothingFor(operator, reviewed);
    await says(/CRD not installed: the API server knows no trustpolicies/, () => readiness(operator), RECOVERED);
    assert.doesNotMatch(await readiness(operator), /RBAC missing/);
    await eventually(503, () => exchange(operator, signed), RECOVERED);
    await install(world.cluster);
    await eventually(200, () => exchange(operator, signed), RECOVERED);
    // The CRD alone brings nothing back.
    await gone.relieve();
    await world.cluster.apply(await standing());
    await recovered();
  });

  it('its token: the one it used ends and the file is empty: nothing goes out; another one is taken up by itself', async () => {
    const pod = { name: 'mint', namespace: OPERATOR.namespace };
    await world.cluster.apply([
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: pod,
        // As the namespace wants its Pods; no node will run it.
        spec: {
          serviceAccountName: OPERATOR.serviceAccount,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              ...{ name: 'c', image: 'none' },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    ]);
    const kubeconfig = await world.cluster.kubeconfigFor({ ...OPERATOR, pod: pod.name });
    const bound = await startOperator(world.cluster, {
      kubeconfig,
      flags: [`--max-staleness=${MAX_STALENESS}s`, '--rate-limit=10000,20000'],
    });
    await bound.ready();
    await eventually(200, () => exchange(bound, reviewed));
    const wrong = nothingFor(bound, await world.proof('team-a', 'stranger'));
    writeFileSync(`${kubeconfig}.token`, '');
    // The token ends with its pod. A reading holds for a minute, but not once the server refused what was read.
    await world.cluster.kubectl(['-n', pod.namespace, 'delete', 'pod', pod.name, '--now']);
    await eventually(503, () => exchange(bound, reviewed), RECOVERED);
    await world.cluster.apiserver.restart();
    await says(/the token file is empty \(no_credentials\)/, () => readiness(bound), RECOVERED);
    writeFileSync(`${kubeconfig}.token`, await world.cluster.token(OPERATOR));
    await eventually(200, () => exchange(bound, signed), RECOVERED);
    await eventually(200, () => exchange(bound, reviewed), RECOVERED);
    await says(/^200 /, () => readiness(bound));
    await wrong.relieve();
    assert.ok(bound.process.pid, 'it never restarted');
    await bound.process.stop('SIGTERM');
  });
});
