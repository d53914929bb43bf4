/** The words of `kube/`. It knows no Trustmint kind. */

/** An object as the API server gives it: read members defensively, for newer servers know more. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMeta;
  readonly [member: string]: unknown;
}

export interface KubeMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** Which collection: `{group: '', version: 'v1', plural: 'namespaces', namespaced: false}`. */
export interface ResourceType {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface ListPage<T = KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

export interface ListParams {
  /** Absent: every namespace. */
  readonly namespace?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Ask for PartialObjectMetadata. */
  readonly metadataOnly?: boolean;
}

export interface WatchParams {
  readonly namespace?: string;
  readonly resourceVersion: string;
  /** Seconds after which the server ends the watch. */
  readonly timeoutSeconds: number;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** `ERROR` carries a Status; `BOOKMARK` an object with a resourceVersion alone. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR' | (string & {});
  readonly object: KubeObject;
}

export type PatchType = 'json' | 'merge' | 'apply';

export interface PatchOptions {
  readonly fieldManager?: string;
  readonly force?: boolean;
  /** Absent: the object itself. */
  readonly subresource?: 'status' | 'scale';
}

/** What every request may carry. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole request, its waits and retries; default 10,000. */
  readonly deadlineMs?: number;
  /** Whether reads (get, list, getText) are tried again after no answer, 429 and 5xx; default true. Writes never are. */
  readonly retry?: boolean;
}

/** Requests to one API server, with the credentials of its configuration, kept-alive, each with a deadline. */
export interface KubeClient {
  list(type: ResourceType, params: ListParams, options?: CallOptions): Promise<ListPage>;
  get(type: ResourceType, name: string, namespace?: string, options?: CallOptions): Promise<KubeObject>;
  create(type: ResourceType, object: object, namespace?: string, options?: CallOptions): Promise<KubeObject>;
  /** PUT: fenced by the object's resourceVersion. */
  replace(
    type: ResourceType,
    object: object,
    name: string,
    namespace?: string,
    options?: CallOptions,
  ): Promise<KubeObject>;
  patch(
    type: ResourceType,
    name: string,
    namespace: string | undefined,
    patch: PatchType,
    body: unknown,
    options?: PatchOptions & CallOptions,
  ): Promise<KubeObject>;
  /** `preconditions` fence the deletion; a body is always sent with its length. */
  delete(
    type: ResourceType,
    name: string,
    namespace?: string,
    preconditions?: { readonly uid?: string; readonly resourceVersion?: string },
    options?: CallOptions,
  ): Promise<void>;
  /** POST to a collection that answers at once: TokenReview, SubjectAccessReview. */
  review<T>(type: ResourceType, object: object, options?: CallOptions): Promise<T>;
  /** A non-resource path, as `/openid/v1/jwks`. */
  getText(path: string, options?: CallOptions): Promise<string>;
  /**
   * Opens a watch. Resolves when the headers are there; `signal` ends it, also before. Each event is parsed JSON; a line
   * that is none ends it with an error. `onBytes` is called for any byte: the sign of life.
   */
  watch(
    type: ResourceType,
    params: WatchParams,
    options: { readonly signal: AbortSignal; readonly onBytes?: () => void },
  ): Promise<AsyncIterable<WatchEvent>>;
  close(): void;
}

/** Stable reasons of our own beside those of a Status: `NetworkError`, `Timeout`, `BadAnswer`, `TooLarge`, `NoCredentials`. */
export interface KubeApiErrorInfo {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** `Status.reason`, as `NotFound`, `Conflict`, `Forbidden`, `Expired`; or one of ours. */
  readonly reason: string;
  /** Seconds, where the server said so. */
  readonly retryAfter?: number;
}
