/** The requests of a controller, each with a deadline, within a rate, on connections that are kept. */
import type { Clock } from '../clock.ts';
import type { ClockSkew } from './clock-skew.ts';
import type { CredentialSource } from './credentials.ts';
import { type KubeApiError, networkError, ownError } from './errors.ts';
import { listPath, pathOf, queryOf, watchPath } from './paths.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { CallOptions, KubeClient, KubeObject, ListPage, PatchType, ResourceType } from './types.ts';
import { deadline, fraction, pause } from './waits.ts';
import { watchEvents } from './watch-stream.ts';
import { type Call, Wire } from './wire.ts';

export interface ClientOptions {
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** Random bytes, for jitter. */
  readonly random: (bytes: number) => Uint8Array;
  /** Default `trustmint`. */
  readonly userAgent?: string;
  /** Requests a second and at once; watches are not counted. Default 20 and 30. */
  readonly rate?: { readonly qps: number; readonly burst: number };
  /** Learns the server's time from its answers. */
  readonly skew?: ClockSkew;
  /** Called after each attempt, for metrics: GET, POST, …, or WATCH, with the HTTP status; 0: no answer. */
  readonly onRequest?: ((verb: string, status: number, milliseconds: number) => void) | undefined;
}

const DEADLINE = 10_000;
const RETRIES = 3;
const RETRY_MS = 200;
const LIST_BYTES = 64 * 1024 * 1024;
const OBJECT_BYTES = 8 * 1024 * 1024;
const TEXT_BYTES = 1024 * 1024;
const METADATA = (kind: string) => `application/json;as=${kind};g=meta.k8s.io;v=v1`;
const PATCHES: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/**
 * Speaks to one API server. Every method rejects with a KubeApiError. A write without an answer (status 0, or 5xx) has
 * an unknown outcome and is never sent again.
 */
export function createKubeClient(options: ClientOptions): KubeClient {
  const { clock, random, onRequest, skew, userAgent = 'trustmint', rate = { qps: 20, burst: 30 } } = options;
  const limiter = new RateLimiter(clock, rate);
  const wire = new Wire(options.credentials, userAgent, () => {
    const sentAt = clock.monotonic();
    return (date) => skew?.observe(sentAt, date);
  });

  /** An attempt is two requests where the first one's credentials were refused. */
  async function counted<T>(verb: string, attempt: (onStatus: (status: number) => void) => Promise<T>): Promise<T> {
    let startedAt = clock.monotonic();
    let status: number | undefined;
    const report = (code: number) => onRequest?.(verb, code, clock.monotonic() - startedAt);
    try {
      return await attempt((next) => {
        if (status !== undefined) {
          report(status);
          startedAt = clock.monotonic();
        }
        status = next;
      });
    } finally {
      report(status ?? 0);
    }
  }

  async function send(call: Call, { signal, deadlineMs = DEADLINE, retry = true }: CallOptions = {}): Promise<string> {
    const scope = deadline(clock, deadlineMs, signal);
    let failed: KubeApiError | undefined;
    try {
      for (let retries = 0; ; retries += 1) {
        try {
          await limiter.take(scope.signal);
          return await counted(call.method, (onStatus) => wire.send(call, scope.signal, onStatus));
        } catch (cause) {
          if (scope.signal.aborted) throw cause;
          failed = networkError(call.what, cause);
        }
        const wait = waitOf(failed, retries);
        const again = retry && call.method === 'GET' && retries < RETRIES && mayPass(failed) && wait < scope.left();
        if (!again) throw failed;
        await pause(clock, wait, scope.signal);
      }
    } catch (cause) {
      if (signal?.aborted) throw ownError(call.what, 'Aborted', 'given up by its caller');
      if (scope.expired) throw failed ?? ownError(call.what, 'Timeout', `no answer within ${deadlineMs} ms`);
      throw cause;
    } finally {
      scope.end();
    }
  }

  function waitOf(error: KubeApiError, retries: number): number {
    return Math.max((error.retryAfter ?? 0) * 1000, 50) + fraction(random) * RETRY_MS * 2 ** retries;
  }

  async function object<T = KubeObject>(call: Omit<Call, 'maxBytes'>, callOptions?: CallOptions): Promise<T> {
    return json(call.what, await send({ ...call, maxBytes: OBJECT_BYTES }, callOptions)) as T;
  }

  return {
    async list(type, params, callOptions) {
      const what = `list ${type.plural}`;
      const accept = params.metadataOnly ? METADATA('PartialObjectMetadataList') : undefined;
      const call: Call = { what, method: 'GET', path: listPath(type, params), maxBytes: LIST_BYTES };
      return pageOf(what, json(what, await send({ ...call, ...(accept && { accept }) }, callOptions)));
    },
    get: async (type, name, namespace, callOptions) =>
      object(
        { what: `get ${type.plural}`, method: 'GET', path: pathOf(type, need(type, namespace), name) },
        callOptions,
      ),
    create: async (type, body, namespace, callOptions) =>
      object(
        {
          what: `create ${type.plural}`,
          method: 'POST',
          path: pathOf(type, need(type, namespace)),
          body: JSON.stringify(body),
        },
        callOptions,
      ),
    replace: async (type, body, name, namespace, callOptions) =>
      object(
        {
          what: `replace ${type.plural}`,
          method: 'PUT',
          path: pathOf(type, need(type, namespace), name),
          body: JSON.stringify(body),
        },
        callOptions,
      ),
    async patch(type, name, namespace, kind, body, patchOptions = {}) {
      const { fieldManager, force, subresource, ...callOptions } = patchOptions;
      const below = subresource === undefined ? [name] : [name, subresource];
      return object(
        {
          what: `patch ${[type.plural, ...below.slice(1)].join('/')}`,
          method: 'PATCH',
          path: pathOf(type, need(type, namespace), ...below) + queryOf({ fieldManager, force }),
          body: JSON.stringify(body),
          contentType: PATCHES[kind],
        },
        callOptions,
      );
    },
    async delete(type, name, namespace, preconditions, callOptions) {
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', ...(preconditions && { preconditions }) });
      const path = pathOf(type, need(type, namespace), name);
      await send({ what: `delete ${type.plural}`, method: 'DELETE', path, body, maxBytes: OBJECT_BYTES }, callOptions);
    },
    review: async (type, body, callOptions) =>
      object(
        { what: `create ${type.plural}`, method: 'POST', path: pathOf(type, undefined), body: JSON.stringify(body) },
        callOptions,
      ),
    async getText(path, callOptions) {
      if (!/^\/[\w./-]*$/.test(path)) throw new TypeError('not a path');
      return send({ what: `get ${path}`, method: 'GET', path, accept: '*/*', maxBytes: TEXT_BYTES }, callOptions);
    },
    async watch(type, params, { signal, onBytes }) {
      const what = `watch ${type.plural}`;
      const call: Call = { what, method: 'GET', path: watchPath(type, params), maxBytes: 0 };
      const body = await counted('WATCH', (onStatus) => wire.open(call, signal, onStatus));
      return watchEvents(what, body, onBytes);
    },
    close: () => wire.close(),
  };
}

/** What another attempt may cure. */
function mayPass({ status, reason }: KubeApiError): boolean {
  return reason === 'NetworkError' || status === 429 || status >= 500;
}

/** Without its namespace, a name would be looked for in the collection over all of them. */
function need(type: ResourceType, namespace: string | undefined): string | undefined {
  if (type.namespaced && namespace === undefined) throw new TypeError(`${type.plural}: no namespace given`);
  return namespace;
}

function json(what: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw ownError(what, 'BadAnswer', 'the answer is no JSON');
  }
  if (typeof value !== 'object' || value === null) throw ownError(what, 'BadAnswer', 'the answer is no object');
  return value;
}

function pageOf(what: string, body: unknown): ListPage {
  const { items: given, metadata } = body as { items?: unknown; metadata?: Record<string, unknown> };
  // What Go makes of a list of metadata that is empty.
  const items = given === null ? [] : given;
  const resourceVersion = metadata?.resourceVersion;
  if (!Array.isArray(items) || typeof resourceVersion !== 'string' || resourceVersion === '')
    throw ownError(what, 'BadAnswer', 'the answer is no list');
  const token = metadata?.continue;
  return {
    items,
    resourceVersion,
    ...(typeof token === 'string' && token !== '' && { continue: token }),
  };
}
