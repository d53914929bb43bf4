/** Where the keys of an anchor come from, and how they are loaded. */
import type { Anchor } from '../../identity.ts';
import { KeySourceError, printable } from './errors.ts';
import type { FetchText } from './fetch-text.ts';
import { discoveryUrl, namesLoopback, parseKeyUrl, shownUrl } from './key-url.ts';

/** Reads a ConfigMap in the operator's namespace. */
export interface ConfigMapKeys {
  /**
   * @returns the text under `key`: a JWK Set; undefined where there is none for sure
   * @throws anything if it cannot be read
   */
  read(name: string, key: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Asks this cluster's API server for the keys of its own service account tokens. */
export interface ClusterKeys {
  /**
   * @returns a JWK Set as JSON text. Whatever credential that takes goes to the API server and nowhere else
   * @throws anything if it cannot be asked
   */
  read(issuer: string, signal: AbortSignal): Promise<string>;
}

export interface SourceOptions {
  readonly fetchText: FetchText;
  /** Whether URLs may name this machine, and then be http: standalone only. */
  readonly allowLoopbackHttp: boolean;
  readonly configMaps?: ConfigMapKeys;
  readonly cluster?: ClusterKeys;
}

export interface LoadedKeys {
  /** A JWK Set or a bundle, not yet looked at. */
  readonly jwks: string;
  /** Where it was found in the end, for status. */
  readonly from: string;
}

export interface Source {
  /** Equal for anchors whose keys come from the same place in the same way. */
  readonly id: string;
  /** For status, until something was loaded. */
  readonly shown: string;
  /** Whether what it gives may change. */
  readonly changes: boolean;
  /** Whether what it gives is a SPIFFE bundle, rather than any JWK Set. */
  readonly isBundle: boolean;
  /**
   * The ConfigMap that it is. What that does not hold any more verifies nothing any more; of a URL it is not believed, for
   * whoever can cut us off could say so.
   */
  readonly configMap?: string;
  load(signal: AbortSignal): Promise<LoadedKeys>;
}

export function sourceOf(anchor: Anchor, options: SourceOptions): Source {
  const { keys, issuer } = anchor;
  const from = (shown: string, changes: boolean, load: Source['load']): Source => ({
    // The issuer is part of it, though two issuers might name one URL: a source belongs to one issuer alone.
    id: JSON.stringify([issuer, keys.kind, ...Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))]),
    shown,
    changes,
    isBundle: anchor.provider === 'spiffe' && keys.kind !== 'jwksUrl',
    load,
  });
  switch (keys.kind) {
    case 'inline':
      return from('inline', false, async () => ({ jwks: keys.jwks, from: 'inline' }));
    case 'jwksUrl':
      return from(`jwksUrl ${printable(keys.url.split('?', 1)[0] ?? '')}`, true, async (signal) => {
        const { allowLoopbackHttp: loopback, fetchText } = options;
        const url = parseKeyUrl(keys.url, loopback);
        return {
          jwks: await fetchText({ ...dialling(keys), url, loopback, signal }),
          from: `jwksUrl ${shownUrl(url)}`,
        };
      });
    case 'bundleEndpoint':
      return from(`bundle ${printable(keys.url.split('?', 1)[0] ?? '')}`, true, async (signal) => {
        const { allowLoopbackHttp: loopback, fetchText } = options;
        const url = parseKeyUrl(keys.url, loopback);
        // SPIFFE_Federation.md §5.2.1: a client may refuse them, and what is trusted is then what was written.
        const bundle = await fetchText({ ...dialling(keys), url, loopback, refuseRedirects: true, signal });
        return { jwks: bundle, from: `bundle ${shownUrl(url)}` };
      });
    case 'discovery':
      return from(`discovery ${printable(issuer)}`, true, async (signal) => {
        const metadata = discoveryUrl(issuer, options.allowLoopbackHttp);
        // Only an issuer on this machine may say that its keys are here too.
        const loopback = options.allowLoopbackHttp && namesLoopback(metadata);
        const get = (url: URL) => options.fetchText({ ...dialling(keys), url, loopback, signal });
        const url = parseKeyUrl(jwksUriOf(await get(metadata), issuer), loopback);
        return { jwks: await get(url), from: `discovery ${shownUrl(url)}` };
      });
    case 'configMap': {
      const shown = `configMap ${printable(keys.name)}/${printable(keys.key)}`;
      const source = from(shown, true, async (signal) => {
        if (!options.configMaps) throw new KeySourceError('not_available', 'there are no ConfigMaps here');
        const jwks = await options.configMaps.read(keys.name, keys.key, signal);
        if (jwks === undefined) throw new KeySourceError('gone', 'there is no such ConfigMap, or no such key in it');
        return { jwks, from: shown };
      });
      return { ...source, configMap: keys.name };
    }
    case 'cluster':
      return from('cluster', true, async (signal) => {
        if (!options.cluster) throw new KeySourceError('not_available', 'there is no cluster here to ask for its keys');
        return { jwks: await options.cluster.read(issuer, signal), from: 'cluster' };
      });
  }
}

function dialling({ caBundle, allowPrivate }: { readonly caBundle?: string; readonly allowPrivate: boolean }) {
  return caBundle === undefined ? { allowPrivate } : { caBundle, allowPrivate };
}

/**
 * Reads OpenID provider metadata.
 * Its `issuer` must be the one that was asked for, or anyone could speak for it: OpenID Connect Discovery 1.0 §4.3.
 */
function jwksUriOf(text: string, issuer: string): string {
  let metadata: unknown;
  try {
    metadata = JSON.parse(text);
  } catch {
    throw new KeySourceError('not_json', 'the discovery document is not JSON');
  }
  const member = (name: string) =>
    typeof metadata === 'object' && metadata !== null && Object.hasOwn(metadata, name)
      ? (metadata as Record<string, unknown>)[name]
      : undefined;
  const stated = member('issuer');
  if (stated !== issuer) {
    const found = typeof stated === 'string' ? printable(stated, 100) : 'none';
    throw new KeySourceError('issuer_mismatch', `the discovery document is of the issuer ${found}`);
  }
  const uri = member('jwks_uri');
  if (typeof uri !== 'string') throw new KeySourceError('bad_metadata', 'the discovery document has no jwks_uri');
  return uri;
}
