/** Whether the copy is what the server has: the only defence against a watch that is alive and lies. */
import type { Clock } from '../clock.ts';
import { identityOf, type Version } from './object-cache.ts';
import { pages } from './pages.ts';
import { isOlder } from './resource-version.ts';
import type { CallOptions, KubeClient, ListParams, ResourceType } from './types.ts';
import { pause } from './waits.ts';

export interface Comparison {
  readonly client: KubeClient;
  readonly type: ResourceType;
  readonly params: ListParams & { readonly limit: number };
  readonly clock: Clock;
  readonly call: CallOptions & { readonly signal: AbortSignal };
  /** Milliseconds that a difference may last. */
  readonly divergenceMs: number;
  readonly versions: () => ReadonlyMap<string, Version>;
  /** The newest version that is known. */
  readonly known: () => string;
}

/**
 * Compares the copy with a consistent list of metadata; where they differ, once more after `divergenceMs`.
 * @returns keys that differ since then at least, or `restored`: the server knows less than it once said
 * @throws KubeApiError, if it cannot be asked
 */
export async function divergences(options: Comparison): Promise<readonly string[] | 'restored'> {
  const first = await differing(options);
  if (first === 'restored' || first.size === 0) return first === 'restored' ? first : [];
  await pause(options.clock, options.divergenceMs, options.call.signal);
  if (options.call.signal.aborted) return [];
  const second = await differing(options);
  if (second === 'restored') return second;
  // What moved in the meantime is being delivered.
  return [...first].filter(([key, mine]) => second.get(key) === mine).map(([key]) => key);
}

/** Keys that differ, with our side of it. */
async function differing(options: Comparison): Promise<Map<string, string> | 'restored'> {
  const before = options.known();
  const theirs = new Map<string, Version>();
  let listed = '';
  const params = { ...options.params, metadataOnly: true };
  for await (const page of pages(options.client, options.type, params, options.call)) {
    for (const raw of page.items) {
      const { key, ...version } = identityOf(raw);
      theirs.set(key, version);
    }
    listed ||= page.resourceVersion;
  }
  if (isOlder(listed, before)) return 'restored';

  const result = new Map<string, string>();
  const ours = options.versions();
  for (const [key, { uid, resourceVersion }] of theirs) {
    const mine = ours.get(key);
    if (mine?.uid === uid && mine.resourceVersion === resourceVersion) continue;
    if (!mine || !isOlder(listed, mine.resourceVersion)) result.set(key, shown(mine));
  }
  for (const [key, mine] of ours)
    if (!theirs.has(key) && !isOlder(listed, mine.resourceVersion)) result.set(key, shown(mine));
  return result;
}

function shown(version: Version | undefined): string {
  return version ? `${version.uid} ${version.resourceVersion}` : '';
}
