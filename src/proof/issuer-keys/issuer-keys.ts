/** The public keys of every anchor's issuer. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Anchor } from '../../identity.ts';
import type { IssuerKeys as IssuerKeysPort } from '../types.ts';
import { printable } from './errors.ts';
import { createFetchText, type FetchText } from './fetch-text.ts';
import { KeyCache } from './key-cache.ts';
import { type ClusterKeys, type ConfigMapKeys, sourceOf } from './sources.ts';

export interface IssuerKeysOptions {
  readonly clock: Clock;
  /** For jitter. */
  readonly random?: (n: number) => Uint8Array;
  readonly fetchText?: FetchText;
  /** Whether key URLs may name this machine, and then be http. Standalone only. */
  readonly allowLoopbackHttp: boolean;
  /** Seconds between two loads; what the issuer's Cache-Control says is not heeded. Default 300. */
  readonly refreshSeconds?: number;
  /**
   * Seconds since the last successful load from which keys no longer verify; default a day.
   * It bounds how long whoever can cut us off from an issuer keeps a key alive that the issuer has withdrawn, and is
   * how long an issuer may be down before its workloads notice.
   */
  readonly maxKeyAgeSeconds?: number;
  readonly configMaps?: ConfigMapKeys;
  readonly cluster?: ClusterKeys;
}

/** How the keys of one anchor are doing. */
export interface AnchorKeysStatus {
  readonly anchor: string;
  readonly provider: string;
  readonly issuer: string;
  /** The kind of source and where its keys were found: for discovery, the `jwks_uri` that it led to. */
  readonly source: string;
  /** How many keys verify. */
  readonly keys: number;
  /** Their `kid`s, printable, at most 10. */
  readonly kids: readonly string[];
  /** RFC 3339; null before the first success. */
  readonly lastSuccess: string | null;
  /** Why the last load failed, or gave nothing usable. */
  readonly error: string | null;
}

export interface IssuerKeys extends IssuerKeysPort {
  /** The anchors that are served from now on: starts loading the new ones' keys, forgets those of all others. */
  retain(anchors: Iterable<Anchor>): void;
  status(): readonly AnchorKeysStatus[];
  /** Keys that come from this ConfigMap are not what they were, or are gone. */
  configMapChanged(name: string): void;
  /** Stops all loads and timers. What is loaded goes on being served, for requests in flight. */
  close(): void;
}

interface Entry {
  readonly anchor: Anchor;
  readonly cache: KeyCache;
}

/**
 * Keeps the keys of each anchor's issuer at hand.
 *
 * Sources are independent of each other: one that is down or slow delays nobody else, and two anchors share keys only
 * if issuer and key source are the same. A new source is loaded at once; then every `refreshSeconds`, and at most every
 * 30 s for a `kid` that is not known. While that fails, backing off from 1 s to 60 s, the last good keys verify, up to
 * `maxKeyAgeSeconds`; without any, `keysFor` fails at once with `keys_unavailable` and when to come back.
 */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { clock, random = randomBytes, refreshSeconds = 300, maxKeyAgeSeconds = 86_400 } = options;
  const sourceOptions = { ...options, fetchText: options.fetchText ?? createFetchText() };
  let versions = 0;
  const cacheOptions = { clock, random, refreshSeconds, maxKeyAgeSeconds, nextVersion: () => ++versions };
  let anchors = new Map<string, Entry>();
  let caches = new Map<string, KeyCache>();
  let closed = false;

  /** The cache of an anchor's source, which it shares with anchors of the same issuer and source. */
  function cacheIn(into: Map<string, KeyCache>, anchor: Anchor): KeyCache {
    const source = sourceOf(anchor, sourceOptions);
    const known = into.get(source.id) ?? caches.get(source.id);
    const cache = known ?? new KeyCache(source, cacheOptions);
    into.set(source.id, cache);
    if (closed) cache.close();
    else if (!known) cache.start();
    return cache;
  }

  function entryOf(anchor: Anchor): Entry {
    const known = anchors.get(anchor.id);
    if (known) return known;
    // A request that began under an older snapshot may still ask for an anchor that was forgotten.
    const entry = { anchor, cache: cacheIn(caches, anchor) };
    anchors.set(anchor.id, entry);
    return entry;
  }

  return {
    keysFor: async (anchor, kid, alg) => entryOf(anchor).cache.candidates(kid, alg),
    version: (anchor) => anchors.get(anchor.id)?.cache.version ?? 0,
    retain(served) {
      const keptAnchors = new Map<string, Entry>();
      const keptCaches = new Map<string, KeyCache>();
      for (const anchor of served) keptAnchors.set(anchor.id, { anchor, cache: cacheIn(keptCaches, anchor) });
      const kept = new Set(keptCaches.values());
      for (const cache of caches.values()) if (!kept.has(cache)) cache.close();
      anchors = keptAnchors;
      caches = keptCaches;
    },
    status: () => [...anchors.values()].map(statusOf),
    configMapChanged(name) {
      for (const cache of caches.values()) if (cache.configMap === name) cache.reload();
    },
    close() {
      closed = true;
      for (const cache of caches.values()) cache.close();
    },
  };
}

function statusOf({ anchor, cache }: Entry): AnchorKeysStatus {
  const { source, keys, lastSuccess, error } = cache.state;
  return {
    anchor: anchor.id,
    provider: anchor.provider,
    issuer: anchor.issuer,
    source,
    keys: keys.length,
    kids: keys.slice(0, 10).map((key) => printable(key.kid ?? '(none)', 64)),
    lastSuccess: lastSuccess === undefined ? null : new Date(lastSuccess).toISOString(),
    error: error ?? null,
  };
}
