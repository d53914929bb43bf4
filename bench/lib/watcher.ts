/** The least that anybody can know: an own watch of the API server that does nothing but note when an event was there. */
import type { KubeClient, ResourceType, WatchEvent } from '../../src/kube/types.ts';

export interface Watcher {
  /** When the first event about the object was there that shows this version of it, or, of no version, its deletion. */
  seen(name: string, resourceVersion: string | undefined): Promise<number>;
  close(): void;
}

interface Waiting {
  readonly shows: (event: WatchEvent) => boolean;
  readonly resolve: (at: number) => void;
}

/** Watches one collection from now on. */
export async function watchBare(client: KubeClient, type: ResourceType): Promise<Watcher> {
  const controller = new AbortController();
  const waiting = new Set<Waiting>();
  /** A watch may be quicker than the answer to the write. */
  const recent: { readonly event: WatchEvent; readonly at: number }[] = [];
  const { resourceVersion } = await client.list(type, { limit: 1 });
  const params = { resourceVersion, timeoutSeconds: 7_200 };
  const events = await client.watch(type, params, { signal: controller.signal });
  const following = (async () => {
    for await (const event of events) {
      const at = performance.now();
      recent.push({ event, at });
      if (recent.length > 1_000) recent.shift();
      for (const one of waiting) {
        if (!one.shows(event)) continue;
        waiting.delete(one);
        one.resolve(at);
      }
    }
  })();
  following.catch((error: unknown) => {
    if (!controller.signal.aborted) console.error('the bare watch ended', error);
  });
  return {
    seen(name, resourceVersion_) {
      const shows = ({ type: kind, object: { metadata } }: WatchEvent) =>
        metadata?.name === name &&
        (resourceVersion_ === undefined
          ? kind === 'DELETED' || metadata.deletionTimestamp !== undefined
          : metadata.resourceVersion === resourceVersion_);
      const known = recent.find(({ event }) => shows(event));
      if (known) return Promise.resolve(known.at);
      return new Promise((resolve) => waiting.add({ shows, resolve }));
    },
    close: () => controller.abort(),
  };
}
