/** Which issuer this cluster's own service account tokens are of, and their keys: asked of the API server alone. */
import type { Clock, TimerHandle } from '../clock.ts';
import type { KubeClient } from '../kube/types.ts';
import type { ClusterKeys } from '../proof/index.ts';
import { OperatorError, printable, reasonOf, statusOf, text } from './errors.ts';

const DISCOVERY = '/.well-known/openid-configuration';
/** Fixed, whatever `jwks_uri` says: that may name another host, and our credential goes to the API server alone. */
const JWKS = '/openid/v1/jwks';

/** Milliseconds between two looks, and between two tries until one succeeds. */
const EVERY = 60_000;
const RETRY = 2_000;
const MAX_ISSUER = 2048;

export interface ClusterIssuerSettings {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Issuers that this cluster's tokens may also be of: while `--service-account-issuer` of its API server changes. */
  readonly others?: readonly string[];
  /** The issuers are not what they were. */
  readonly onChange?: () => void;
}

export interface ClusterIssuer extends ClusterKeys {
  /**
   * Undefined until the API server has said it once. Empty where it publishes none, so that no policy can be for this
   * cluster's tokens.
   */
  issuers(): readonly string[] | undefined;
  /** Why the newest look failed. */
  problem(): { readonly code: string; readonly message: string } | undefined;
  /** Looks now. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
}

/** Looks at once and goes on looking. */
export function followClusterIssuer(settings: ClusterIssuerSettings): ClusterIssuer {
  const { client, clock, others = [], onChange } = settings;
  const abort = new AbortController();
  let known: readonly string[] | undefined;
  let problem: { code: string; message: string } | undefined;
  let timer: TimerHandle | undefined;

  async function discover(): Promise<readonly string[]> {
    let document: string;
    try {
      document = await client.getText(DISCOVERY, { signal: abort.signal });
    } catch (error) {
      // Its issuer is no URL, so it publishes nothing; a policy with keys of its own can still trust it.
      if (statusOf(error) === 404) return others;
      throw error;
    }
    return [...new Set([issuerIn(document), ...others])];
  }

  async function refresh(): Promise<void> {
    timer?.cancel();
    try {
      const found = await discover();
      problem = undefined;
      if (JSON.stringify(found) !== JSON.stringify(known)) {
        known = found;
        if (!abort.signal.aborted) onChange?.();
      }
    } catch (error) {
      problem = problemOf(error);
    }
    if (!abort.signal.aborted) timer = clock.setTimer(() => void refresh(), known ? EVERY : RETRY);
  }

  void refresh();
  return {
    issuers: () => known,
    problem: () => problem,
    refresh,
    async read(issuer, signal) {
      // All of this cluster's issuers have one set of keys; of another nothing is known here.
      if (!known?.includes(issuer)) {
        throw new OperatorError('not_this_cluster', `${printable(issuer)} is not an issuer of this cluster`);
      }
      return await client.getText(JWKS, { signal });
    },
    close() {
      abort.abort();
      timer?.cancel();
    },
  };
}

function issuerIn(document: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    throw new OperatorError('bad_answer', "the API server's discovery document is not JSON");
  }
  const issuer = text(parsed, 'issuer');
  if (issuer === undefined || issuer === '' || issuer.length > MAX_ISSUER) {
    throw new OperatorError('bad_answer', "the API server's discovery document names no issuer");
  }
  return issuer;
}

function problemOf(error: unknown): { code: string; message: string } {
  if (error instanceof OperatorError) return { code: error.code, message: error.message };
  const status = statusOf(error);
  if (status === 401 || status === 403) {
    const message = `RBAC missing: may not get ${DISCOVERY}; bind system:service-account-issuer-discovery`;
    return { code: 'rbac_missing', message };
  }
  return { code: 'unreachable', message: `this cluster's issuer cannot be asked for: ${reasonOf(error)}` };
}
