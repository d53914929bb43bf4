/** Where the commands of the docs run: see README.md. */
import { join } from 'node:path';
import { helmBinary } from '../../chart/support.ts';
import { binary } from '../../e2e/cluster/index.ts';
import { startInside, type World } from './namespace.ts';

export { CAN_RUN, type World } from './namespace.ts';

const inside = (name: string) => join(import.meta.dirname, `${name}.ts`);

/** As SPIRE's agent answers; the end-to-end tests run a real one. */
const SPIRE_AGENT = `[ "$1 $2 $3 $4" = "api fetch jwt -audience" ] || exit 64
jq -R '[{svids: [{spiffe_id: "spiffe://cluster.local/x", svid: .}]}, {bundles: {}}]' < svid`;

export interface WorldKind {
  start(): Promise<World>;
  /** Whether each page has one of its own. */
  readonly perPage: boolean;
}

/** The worlds that need nothing but this repository. */
export const WORLDS: Readonly<Record<string, WorldKind>> = {
  empty: { start: () => startInside(inside('empty')), perPage: true },
  mint: { start: () => startInside(inside('mint'), { 'spire-agent': SPIRE_AGENT }), perPage: false },
};

/** There is no kubelet to forward a port; the operator listens on this machine anyway. */
const kubectl = () => `[[ " $* " == *" port-forward "* ]] && exec sleep infinity\nexec ${binary('kubectl')} "$@"`;

/** That of the project, whatever the machine has. */
const helm = () => `exec ${helmBinary('helm') ?? 'helm'} "$@"`;

/** With nodes there is something to forward to. */
const forwarding = () =>
  `[[ " $* " == *" port-forward "* ]] && exec ${process.execPath} ${inside('port-forward')} "$@"\nexec ${binary('kubectl')} "$@"`;

/** Those that take a real API server: the tests of test/e2e. */
export const CLUSTER_WORLDS: Readonly<Record<string, WorldKind>> = {
  cluster: { start: () => startInside(inside('cluster'), { kubectl: kubectl() }), perPage: false },
  // For what ends the cluster that it is typed in.
  teardown: { start: () => startInside(inside('teardown'), { kubectl: forwarding(), helm: helm() }), perPage: true },
  // Pods run, and nothing is installed.
  install: { start: () => startInside(inside('install'), { kubectl: forwarding(), helm: helm() }), perPage: true },
};
