/** What tokens can be asked for, and how such a request is read from JSON. */
import { DevIssuerError } from './errors.ts';
import { GITHUB_CLAIMS } from './github.ts';

interface Common {
  /** `aud`. A list stays a list. */
  readonly audience?: string | readonly string[];
  /** Seconds. Default 300 for github and spiffe, 3600 for the others. */
  readonly ttl?: number;
  /** Take the place of what would stand there, or add to it; null takes a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A projected service-account token, bound to a pod. */
export interface ServiceAccountRequest extends Common {
  readonly kind: 'service-account';
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The pod's name; null: bound to none. Default `<serviceAccount>-0`. */
  readonly pod?: string | null;
  /** The node's name. Default: none. */
  readonly node?: string;
}

/** A GitHub Actions token. `claims` gives `repository`, `ref`, `run_id`…; the others follow from them. */
export interface GitHubRequest extends Common {
  readonly kind: 'github';
  /** The form of `sub`: by names, or by names and ids, as repositories made since July 2026 have it. */
  readonly subject?: 'classic' | 'immutable';
}

/** Any token: nothing but `iss`, `aud`, `iat`, `nbf`, `exp`, `jti` and the given claims. */
export interface OidcRequest extends Common {
  readonly kind: 'oidc';
  readonly algorithm?: 'RS256' | 'ES256';
}

/** A JWT-SVID: `sub`, `aud`, `iat`, `exp` and the given claims. */
export interface SpiffeRequest extends Common {
  readonly kind: 'spiffe';
  /** The path of its ID within the issuer's trust domain, as `/agent/tenant-1/alice`. */
  readonly path: string;
  /** Default ES256. */
  readonly algorithm?: 'RS256' | 'ES256';
}

export type TokenRequest = ServiceAccountRequest | GitHubRequest | OidcRequest | SpiffeRequest;

type Members = Readonly<Record<string, (value: unknown) => boolean>>;

const isString = (value: unknown) => typeof value === 'string' && value !== '' && value.length <= 512;
const isAlgorithm = (value: unknown) => value === 'RS256' || value === 'ES256';
const isPath = (value: unknown) => typeof value === 'string' && value.startsWith('/') && value.length <= 2048;
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

const COMMON: Members = {
  kind: isString,
  audience: (v) => isString(v) || (Array.isArray(v) && v.every(isString)),
  ttl: (v) => Number.isSafeInteger(v) && Number(v) > 0,
  claims: isObject,
};

const KINDS: ReadonlyMap<string, { readonly members: Members; readonly required: readonly string[] }> = new Map([
  [
    'service-account',
    {
      members: {
        ...COMMON,
        namespace: isString,
        serviceAccount: isString,
        pod: (v: unknown) => v === null || isString(v),
        node: isString,
      },
      required: ['namespace', 'serviceAccount'],
    },
  ],
  ['github', { members: { ...COMMON, subject: (v: unknown) => v === 'classic' || v === 'immutable' }, required: [] }],
  ['oidc', { members: { ...COMMON, algorithm: isAlgorithm }, required: [] }],
  ['spiffe', { members: { ...COMMON, path: isPath, algorithm: isAlgorithm }, required: ['path'] }],
]);

/**
 * Reads the JSON body of `POST /token`.
 * @throws {DevIssuerError} `invalid_request` that names the member
 */
export function parseTokenRequest(body: unknown): TokenRequest {
  if (!isObject(body)) throw new DevIssuerError('invalid_request', 'the body must be a JSON object');
  const request = new Map(Object.entries(body as Record<string, unknown>));
  const kind = KINDS.get(String(request.get('kind')));
  if (!kind) throw new DevIssuerError('invalid_request', `kind must be one of ${[...KINDS.keys()].join(', ')}`);
  for (const [name, value] of request) {
    if (!Object.hasOwn(kind.members, name)) {
      const known = Object.keys(kind.members).join(', ');
      throw new DevIssuerError('invalid_request', `unknown member; there are ${known} (other claims go into claims)`);
    }
    if (!kind.members[name]!(value)) throw new DevIssuerError('invalid_request', `${name} has the wrong form`);
  }
  for (const name of kind.required) {
    if (!request.has(name)) throw new DevIssuerError('invalid_request', `${name} is missing`);
  }
  return body as TokenRequest;
}

/**
 * Reads the query of the URL that a workflow finds in `ACTIONS_ID_TOKEN_REQUEST_URL`: GitHub knows from its own records
 * what the workflow is; here the URL says so.
 * @throws {DevIssuerError} `invalid_request`
 */
export function parseActionsQuery(query: URLSearchParams): GitHubRequest {
  const seen = new Set<string>();
  const claims = new Map<string, string>();
  for (const [name, value] of query) {
    if (seen.has(name)) throw new DevIssuerError('invalid_request', 'a parameter is given twice');
    seen.add(name);
    if (GITHUB_CLAIMS.has(name)) claims.set(name, value);
    else if (!['api-version', 'audience', 'subject'].includes(name)) {
      throw new DevIssuerError(
        'invalid_request',
        'unknown parameter; there are audience, subject and the claims of GitHub',
      );
    }
  }
  const [audience, subject] = [query.get('audience'), query.get('subject')];
  return parseTokenRequest({
    kind: 'github',
    ...(audience && { audience }),
    ...(subject && { subject }),
    claims: Object.fromEntries(claims),
  }) as GitHubRequest;
}
