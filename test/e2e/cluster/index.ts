/** A real Kubernetes cluster for the tests: see `startCluster`. */
export { BINARIES, type Binary, binary } from './assets.ts';
export {
  type Account,
  type Cluster,
  type ClusterOptions,
  type NamedUser,
  type Program,
  startCluster,
  type TokenOptions,
} from './cluster.ts';
export { type Component, until } from './component.ts';
export { KubectlError, type KubectlOptions, type KubectlResult } from './kubectl.ts';
export { install, OPERATOR, type Operator, type OperatorOptions, OWN_ISSUER, startOperator } from './operator.ts';
