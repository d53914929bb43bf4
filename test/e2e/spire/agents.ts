/** examples/agents as it is published, but for where the SPIRE of the test has its bundle. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Spire } from './spire.ts';

export const FOLDER = resolve(import.meta.dirname, '../../../examples/agents');

/** The issuer and the values of the worked example. */
export const ISSUER = 'http://identity-server:8080';
export const SCOPE = 'sample-api-a:write';
export const AGENT_ID = 'agent-22962c27';
export const AGENT = `spiffe://cluster.local/agent/tenant-1/alice/global-worker/${AGENT_ID}`;

// biome-ignore lint/suspicious/noExplicitAny: a manifest, of whatever kind.
type Manifest = any;

/** By file name. */
export function published(): Readonly<Record<string, Manifest>> {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
  return Object.fromEntries(files.map((name) => [name, parse(readFileSync(join(FOLDER, name), 'utf8'))]));
}

/** The published manifests, with the bundle endpoint of this SPIRE. */
export function manifestsFor({ bundleUrl, caBundle }: Pick<Spire, 'bundleUrl' | 'caBundle'>) {
  return withBundle({ endpoint: { url: bundleUrl }, caBundle });
}

/** The published manifests, with their keys from elsewhere. */
export function withBundle(bundle: object): Readonly<Record<string, Manifest>> {
  const manifests = published();
  manifests['policy.yaml'].spec.spiffe.bundle = bundle;
  return manifests;
}

/** As files of a directory. */
export function asFiles(manifests: Readonly<Record<string, Manifest>>): Record<string, string> {
  return Object.fromEntries(Object.entries(manifests).map(([name, one]) => [name, JSON.stringify(one)]));
}
