/** What Helm prints after an installation, typed as it stands; and `helm test` in every tenancy and scope. */
import assert from 'node:assert/strict';
import { helmBinary } from '../chart/support.ts';
import { runBlocks } from '../docs/session.ts';
import { CAN_RUN, CLUSTER_WORLDS } from '../docs/world/index.ts';

const RELEASE = 'trustmint --namespace trustmint-system';
const CHART = 'trustmint charts/trustmint --namespace trustmint-system --wait --timeout 2m';
/** The lines of the notes between their heading and what follows. */
const NOTES = `helm get notes ${RELEASE} | sed -n '/^Your first exchange:/,/^Or let a Pod/p' | sed '1d;$d' > notes.sh
source notes.sh > said
kill $(jobs -p)
tail -n 1 said > answer.json`;
const ANSWER = 'jq -r ".caveats[] | select(startswith(\\"tenant\\"))" answer.json';
const TEST = `helm test ${RELEASE} --timeout 2m`;

/** Each with what it must print. */
const STEPS: readonly [title: string, script: string, prints: RegExp][] = [
  ['installs', `helm install ${CHART} --create-namespace`, /STATUS: deployed/],
  ['the notes give the first exchange', `${NOTES}\n${ANSWER}`, /^tenant = hello$/m],
  ['helm test makes one', TEST, /Phase: +Succeeded/],
  [
    'and with one tenant for all',
    `helm upgrade ${CHART} --set tenancy.mode=single --set tenancy.tenant=acme\n${TEST}`,
    /Phase: +Succeeded/,
  ],
  [
    'and with tenants by label, which this namespace has not',
    `helm upgrade ${CHART} --set tenancy.mode=namespace-label\n${TEST}`,
    /Phase: +Succeeded/,
  ],
  [
    'goes, and comes again for two namespaces only',
    `helm uninstall ${RELEASE} --wait
kubectl create namespace team-a
kubectl create namespace team-b
helm install ${CHART} --set 'watchNamespaces={team-a,team-b}'`,
    /STATUS: deployed/,
  ],
  ['the notes give the first exchange in one of them', `${NOTES}\n${ANSWER}`, /^tenant = team-a$/m],
  ['helm test makes one there too', TEST, /Phase: +Succeeded/],
  [
    'and goes, though one of them went before',
    `kubectl delete namespace team-b --timeout=60s\nhelm uninstall ${RELEASE} --wait --timeout 2m`,
    /release "trustmint" uninstalled/,
  ],
  [
    'and with Helm 3 comes, is tested and goes again, over the CRDs that stayed',
    [`install ${CHART}`, `test ${RELEASE} --timeout 2m`, `uninstall ${RELEASE} --wait`]
      .map((line) => `${helmBinary('helm3')} ${line}`)
      .join('\n'),
    /Phase: +Succeeded[\s\S]*release "trustmint" uninstalled/,
  ],
];

describe('What Helm says after an installation', function () {
  this.timeout(300_000);
  let outcomes: Awaited<ReturnType<typeof runBlocks>> = [];

  before(async function () {
    if (!CAN_RUN && !process.env.CI) this.skip();
    const world = await CLUSTER_WORLDS.install!.start();
    try {
      const fences = STEPS.map(([, text], i) => ({
        page: 'notes',
        line: i,
        language: 'sh',
        text,
        marker: { does: 'run', world: 'install' } as const,
      }));
      outcomes = await runBlocks(world, fences, 'notes');
    } finally {
      await world.stop();
    }
  });

  for (const [i, [title, script, prints]] of STEPS.entries()) {
    it(title, () => {
      const { done, out, err } = outcomes[i]!;
      assert.ok(done, `${script}\nprinted: ${out}\nand on standard error: ${err}`);
      assert.match(out, prints);
    });
  }
});
