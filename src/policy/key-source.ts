/** Where an issuer's keys come from, as a policy writes it. */
import type { ClusterTrustPolicySpec, SpiffeBundle } from '../api/v1alpha1/index.ts';
import type { Dialling, KeySource } from '../identity.ts';
import { isLoopbackUrl } from './issuer.ts';
import type { Problems } from './problems.ts';
import type { CompileOptions } from './types.ts';

type Keys = NonNullable<ClusterTrustPolicySpec['keys']>;

/**
 * Undefined if there is a problem. Without `keys`: OpenID Connect discovery.
 *
 * @param path where they stand
 */
export function compileKeys(
  keys: Keys | undefined,
  options: CompileOptions,
  problems: Problems,
  path = 'spec.keys',
): KeySource | undefined {
  const { jwksUrl, configMapRef, inline, caBundle } = keys ?? {};
  const dialling: Dialling = {
    ...(caBundle !== undefined && { caBundle }),
    allowPrivate: keys?.allowPrivate ?? false,
  };
  if ([jwksUrl, configMapRef, inline].filter((one) => one !== undefined).length > 1) {
    problems.error('InvalidKeys', path, 'give at most one of jwksUrl, configMapRef and inline');
    return undefined;
  }
  if (caBundle !== undefined && !caBundle.includes('-----BEGIN CERTIFICATE-----')) {
    problems.error('InvalidKeys', `${path}.caBundle`, 'must be PEM certificates');
    return undefined;
  }
  if (inline !== undefined) return inlineKeys(inline, `${path}.inline`, problems);
  if (configMapRef !== undefined) {
    if (options.cluster) return { kind: 'configMap', name: configMapRef.name, key: configMapRef.key };
    problems.error('NoCluster', `${path}.configMapRef`, 'there is no cluster here: write the keys with inline');
    return undefined;
  }
  if (jwksUrl === undefined) return { kind: 'discovery', ...dialling };
  const fault = urlFault(jwksUrl, options.allowLoopbackHttp);
  if (fault === undefined) return { kind: 'jwksUrl', url: jwksUrl, ...dialling };
  problems.error('InvalidKeys', `${path}.jwksUrl`, fault);
  return undefined;
}

const BUNDLE = 'spec.spiffe.bundle';

/** Where the bundle of a trust domain comes from. Undefined if there is a problem. */
export function compileBundle(
  { endpoint, ...others }: SpiffeBundle,
  options: CompileOptions,
  problems: Problems,
): KeySource | undefined {
  const { jwksUrl, configMapRef, inline } = others;
  if ([endpoint, jwksUrl, configMapRef, inline].filter((one) => one !== undefined).length !== 1) {
    problems.error('InvalidKeys', BUNDLE, 'give exactly one of endpoint, jwksUrl, configMapRef and inline');
    return undefined;
  }
  // Without an address of their own, keys are no more than how one is dialled.
  const source = compileKeys(others, options, problems, BUNDLE);
  if (!endpoint || source?.kind !== 'discovery') return source;
  const fault = urlFault(endpoint.url, options.allowLoopbackHttp);
  if (fault === undefined) return { ...source, kind: 'bundleEndpoint', url: endpoint.url };
  problems.error('InvalidKeys', `${BUNDLE}.endpoint.url`, fault);
  return undefined;
}

function urlFault(text: string, allowLoopbackHttp: boolean): string | undefined {
  const url = /^[\x21-\x7e]+$/.test(text) && /^https?:\/\/[^/]/i.test(text) ? URL.parse(text) : null;
  if (!url) return 'must be an https URL';
  if (url.protocol === 'http:' && !(allowLoopbackHttp && isLoopbackUrl(text))) return 'must be https';
  if ((text.split('/', 3)[2] ?? '').includes('@')) return 'must have no userinfo';
  return text.includes('#') ? 'must have no fragment' : undefined;
}

/** Members of a private or secret key (RFC 7518 §6.2.2, §6.3.2, §6.4.1). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

function inlineKeys(jwks: string, path: string, problems: Problems): KeySource | undefined {
  let set: unknown;
  try {
    set = JSON.parse(jwks);
  } catch {
    problems.error('InvalidKeys', path, 'must be a JWK Set as JSON');
    return undefined;
  }
  const list = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(list) || list.some((key) => typeof key !== 'object' || key === null)) {
    problems.error('InvalidKeys', path, 'must be a JWK Set: an object with a list `keys` (RFC 7517 §5)');
    return undefined;
  }
  if (list.some((key) => SECRET_MEMBERS.some((member) => Object.hasOwn(key, member)))) {
    problems.error('PrivateKey', path, 'holds a private or symmetric key: take it out, and replace the key');
    return undefined;
  }
  return { kind: 'inline', jwks };
}
