import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { program } from '../../src/cli/program.ts';
import { CI, describeChart, find, named, type PodTemplate, podsOf, render, renderCi } from './support.ts';

const selects = (selector: Record<string, string>, { labels }: PodTemplate) =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** What `trustmint` has against a command line, without running it. */
function refused(command: string, flags: readonly string[]): string | undefined {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const known = program({ stdin, stdout, stderr }).commands.find((one) => one.name() === command);
  if (!known) return `no command ${command}`;
  try {
    const { operands, unknown } = known.parseOptions([...flags]);
    return [...operands, ...unknown][0];
  } catch (error) {
    return (error as Error).message;
  }
}

describeChart('The Pods of the chart', () => {
  for (const name of CI) {
    it(`${name}: are as the Pod Security Standard "restricted" wants them, and write to no disk`, async () => {
      for (const { of, spec } of podsOf(await renderCi(name))) {
        const { securityContext, containers, initContainers = [], volumes = [], ...rest } = spec;
        assert.equal(securityContext.runAsNonRoot, true, named(of));
        assert.ok(securityContext.runAsUser > 0);
        assert.equal(securityContext.seccompProfile.type, 'RuntimeDefault');
        assert.deepEqual([rest.hostNetwork, rest.hostPID, rest.hostIPC], [undefined, undefined, undefined]);
        for (const volume of volumes) assert.equal(volume.hostPath, undefined);
        for (const container of [...containers, ...initContainers]) {
          const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container.securityContext;
          assert.deepEqual([allowPrivilegeEscalation, readOnlyRootFilesystem], [false, true], named(of));
          assert.deepEqual(capabilities, { drop: ['ALL'] });
          assert.ok(container.resources.requests.memory && container.resources.limits.memory, named(of));
          assert.equal(container.command, undefined, 'the image has no shell');
        }
      }
    });

    it(`${name}: have no variables of Services, which would be flags, and no token that they do not need`, async () => {
      for (const { of, spec } of podsOf(await renderCi(name))) {
        assert.equal(spec.enableServiceLinks, false, named(of));
        assert.equal(spec.automountServiceAccountToken, of.kind !== 'Pod', named(of));
      }
    });

    it(`${name}: every argument is a command and flags that it takes, with such values, and no flag stands twice`, async () => {
      for (const { of, spec } of podsOf(await renderCi(name))) {
        const [command = '', ...flags] = spec.containers[0].args as string[];
        const problem = refused(command, flags);
        assert.equal(problem, undefined, `${named(of)}: ${problem}`);
        const names = flags.map((flag) => flag.split('=')[0]!);
        assert.equal(new Set(names).size, names.length, named(of));
      }
    });

    it(`${name}: a Service, a budget or a spread takes the operator's for the operator's, and no other`, async () => {
      const all = await renderCi(name);
      const pods = podsOf(all);
      const operator = pods.filter(({ of }) => of.kind === 'Deployment');
      assert.equal(operator.length, 1);
      const spreads = operator[0]!.spec.topologySpreadConstraints ?? [];
      const selectors = [
        ...all.filter(({ kind }) => kind === 'Service').map(({ spec }) => spec.selector),
        ...all.filter(({ kind }) => /^(Deployment|PodDisruptionBudget)$/.test(kind)).map(({ spec }) => spec.selector),
        ...(name === 'everything' ? [] : spreads.map((one: { labelSelector: object }) => one.labelSelector)),
      ].map((selector) => selector.matchLabels ?? selector);
      for (const selector of selectors)
        assert.deepEqual(
          pods.filter((pod) => selects(selector, pod)),
          operator,
        );
    });
  }

  it('ports, probes and Services name the same', async () => {
    const all = await render();
    const [container] = find(all, 'Deployment', 'trustmint').spec.template.spec.containers;
    const ports = new Map(
      container.ports.map((one: { name: string; containerPort: number }) => [one.name, one.containerPort]),
    );
    assert.deepEqual(
      [...ports],
      [
        ['mint', 8443],
        ['ops', 8444],
      ],
    );
    for (const [flag, name] of [
      ['--listen', 'mint'],
      ['--ops-listen', 'ops'],
    ]) {
      assert.ok(container.args.includes(`${flag}=:${ports.get(name)}`), flag);
    }
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const { port, scheme, path } = container[probe].httpGet;
      assert.deepEqual([port, scheme, path], ['ops', 'HTTPS', probe === 'readinessProbe' ? '/readyz' : '/healthz']);
    }
    assert.equal(find(all, 'Service', 'trustmint').spec.ports[0].targetPort, 'mint');
    assert.equal(find(all, 'Service', 'trustmint-ops').spec.ports[0].targetPort, 'ops');
  });

  it('a Pod goes only when another serves, and answers on until the Service has forgotten it', async () => {
    const { strategy, template } = find(await render(), 'Deployment', 'trustmint').spec;
    assert.deepEqual(strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 });
    const [drain] = template.spec.containers[0].args.filter((arg: string) => arg.startsWith('--drain-delay='));
    const seconds = Number(/([0-9]+)s$/.exec(drain)?.[1]);
    assert.ok(seconds > 0 && seconds + 20 < template.spec.terminationGracePeriodSeconds);
  });

  it('a digest is the image, whatever the tag; without either it is of the chart’s version', async () => {
    const imageOf = async (...flags: string[]) =>
      podsOf(await render(flags)).map(({ spec }) => spec.containers[0].image);
    const version = (await import('../../package.json', { with: { type: 'json' } })).default.version;
    assert.deepEqual([...new Set(await imageOf())], [`trustmint:${version}`]);
    const digest = `sha256:${'a'.repeat(64)}`;
    const flags = [
      '--set=image.repository=r.example.com/t',
      '--set-string=image.tag=1',
      `--set=image.digest=${digest}`,
    ];
    assert.deepEqual([...new Set(await imageOf(...flags))], [`r.example.com/t@${digest}`]);
  });

  it('with an autoscaler the Deployment does not say how many', async () => {
    const all = await renderCi('everything');
    assert.equal(find(all, 'Deployment', 'trustmint').spec.replicas, undefined);
    assert.equal(find(all, 'HorizontalPodAutoscaler', 'trustmint').spec.scaleTargetRef.name, 'trustmint');
  });
});
