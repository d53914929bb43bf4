/**
 * The worked example as it stands: a SPIRE, a mint that serves examples/agents, the sample API as a process of its own.
 * The mint is of files, or of a cluster; what is asked of it is the same.
 */
import { type Mint, serve } from '../whole/support.ts';
import { OPERATOR, type Operator } from './cluster/index.ts';
import { freePorts } from './cluster/ports.ts';
import { account, namespaceNamed, startMint } from './serve-support.ts';
import { AGENT_ID, asFiles, FOLDER, ISSUER, manifestsFor, withBundle } from './spire/agents.ts';
import { type Spire, startSpire } from './spire/spire.ts';
import { type Started, start } from './support.ts';

// biome-ignore lint/suspicious/noExplicitAny: a manifest or a record, of whatever kind.
type Anything = any;

export interface World {
  readonly spire: Spire;
  readonly url: string;
  /** Base URL of the sample API. */
  readonly api: string;
  /** The published policy as this world serves it. */
  readonly policy: Anything;
  /** Applies a manifest, in place of the one of its name. */
  apply(manifest: Anything): Promise<void>;
  /** Takes one away. */
  remove(manifest: Anything): Promise<void>;
  /** The audit records until now. */
  audit(): readonly Anything[];
  /** Headers of who verifies for the API. */
  verifier(): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

/** The API's own identifier, as examples/agents has it. */
export const RESOURCE_URL = 'http://sample-api-a:9000/';
const VERIFIER = { namespace: 'gateway', serviceAccount: 'sample-api' };

/** `trustmint serve --manifests examples/agents`, with the SPIRE's bundle endpoint. */
export async function standaloneWorld(): Promise<World> {
  const spire = await startSpire();
  const manifests = manifestsFor(spire);
  const mint: Mint = await serve(asFiles(manifests), ['--issuer', ISSUER, '--rate-limit', '1000,1000']);
  const api = await sampleApi(mint.url);
  const fileOf = ({ kind, metadata }: Anything) => (FILES[metadata.name] ?? `${kind}-${metadata.name}.json`) as string;
  return {
    ...{
      spire,
      policy: manifests['policy.yaml'],
      url: mint.url,
      api: api.url,
      audit: mint.audit,
      verifier: async () => ({}),
    },
    apply: async (manifest) => mint.write(fileOf(manifest), JSON.stringify(manifest)),
    remove: async (manifest) => mint.write(fileOf(manifest), ''),
    async stop() {
      await api.stop();
      await mint.stop();
      await spire.stop();
    },
  };
}

/** Under which names the published manifests lie. */
const FILES: Readonly<Record<string, string>> = {
  agents: 'policy.yaml',
  'sample-api-a': 'resource.yaml',
  'agent-22962c27': 'registration.yaml',
};

/** `kubectl apply -f examples/agents` in a cluster into which SPIRE publishes its bundle. */
export async function clusterWorld(): Promise<World> {
  const bundle = { namespace: OPERATOR.namespace, name: 'spire-bundle', key: 'bundle.spiffe' };
  const started = await startMint(
    1,
    [namespaceNamed('gateway'), account(VERIFIER.namespace, VERIFIER.serviceAccount)],
    [...[`--issuer=${ISSUER}`, '--rate-limit=1000,1000']],
  );
  const { cluster } = started;
  const operator = started.replicas[0]!;
  await cluster.kubectl(['apply', '-f', FOLDER]);
  for (const one of ['ctpol/agents', 'pres/sample-api-a', `areg/${AGENT_ID}`])
    await cluster.kubectl(['wait', '--for=condition=Accepted', '--timeout=30s', one, '-n', 'agents']);
  await cluster.apply([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: bundle.namespace, name: bundle.name } },
  ]);
  const spire = await startSpire({ publishTo: { kubeconfig: cluster.adminKubeconfig, ...bundle } });
  const { 'policy.yaml': policy, 'resource.yaml': resource } = withBundle({ configMapRef: { name: bundle.name } });
  resource.spec.verifiers = [VERIFIER];
  await cluster.apply([policy, resource]);
  const api = await sampleApi(operator.url);
  return {
    ...{ spire, policy, url: operator.url, api: api.url, audit: () => recordsOf(operator) },
    apply: async (manifest) => void (await cluster.apply([manifest])),
    async remove({ kind, metadata }) {
      await cluster.kubectl(['delete', kind, metadata.name, '-n', metadata.namespace, '--wait=false']);
    },
    async verifier() {
      const token = await cluster.token({ ...VERIFIER, audience: ISSUER, duration: '10m' });
      return { Authorization: `Bearer ${token}` };
    },
    async stop() {
      await api.stop();
      await spire.stop();
      await cluster.stop();
    },
  };
}

/** The records that an operator has written: they stand in its log. */
function recordsOf({ process }: Operator): readonly Anything[] {
  const lines = process.log(100_000).split('\n');
  return lines.filter((line) => line.startsWith('{"')).map((line) => JSON.parse(line));
}

/** The sample API as its README starts it. */
async function sampleApi(mint: string): Promise<{ url: string; stop(): Promise<void> }> {
  const [port] = (await freePorts(1)) as [number];
  const env = {
    ...{ PATH: process.env.PATH ?? '', ISSUER, RESOURCE_URL, JWKS_URL: `${mint}/oauth2/jwks` },
    LISTEN: `127.0.0.1:${port}`,
  };
  const main = new URL('../../examples/sample-api/main.mjs', import.meta.url).pathname;
  const started: Started = start(process.execPath, [main], process.cwd(), env);
  await started.said(/listening on /);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      started.child.kill('SIGTERM');
      await started.ended;
    },
  };
}
