/** A directory of manifests → what the engine serves. */
export { type AgentWriterSettings, createAgentWriter, listAgents, removeAgent, saveAgent } from './agent-writer.ts';
export { convert, isShortForm, resourceName } from './convert.ts';
export { type ManifestCode, type ManifestProblem, StandaloneError } from './errors.ts';
export type { WatchDirectory } from './follow.ts';
export { isGithubIssuer } from './github.ts';
export { type LockOptions, lockDataDir } from './lock.ts';
export { DEFAULT_NAMESPACE, type LoadedObject, type ReadResult, readText } from './objects.ts';
export { printProblem, printYaml } from './print.ts';
export { readManifestFiles, readManifests } from './read.ts';
export { revocationObject, type WriteOptions, writeRevocation } from './revocations.ts';
export { createManifestStore, type ManifestStore, type ManifestStoreSettings } from './store.ts';
export { UID_NAMESPACE, uidOf, uuidv5 } from './uid.ts';
