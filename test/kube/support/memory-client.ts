/** An API server of one process: objects with resourceVersions, uids and conflicts as the real one gives them. */
import { randomUUID } from 'node:crypto';
import { KubeApiError } from '../../../src/kube/errors.ts';
import type {
  CallOptions,
  KubeClient,
  KubeObject,
  ListPage,
  PatchOptions,
  PatchType,
  ResourceType,
} from '../../../src/kube/types.ts';

/** The error that a real server's answer becomes. */
export const apiFailure = (status: number, reason: string) =>
  new KubeApiError(`request: ${status} ${reason}`, { status, reason });

export interface Call {
  readonly verb: 'get' | 'list' | 'create' | 'replace' | 'patch' | 'delete';
  readonly plural: string;
  readonly name?: string;
  readonly namespace?: string | undefined;
  readonly body?: unknown;
  readonly subresource?: string | undefined;
}

type Json = Record<string, unknown>;

interface MutableObject {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    deletionTimestamp?: string;
    finalizers?: string[];
  };
  [member: string]: unknown;
}

/** What all clients of one server share. */
export class MemoryServer {
  readonly objects = new Map<string, MutableObject>();
  readonly calls: Call[] = [];
  /** What time it is there. */
  now: () => number = () => Date.parse('2026-01-01T00:00:00Z');
  #version = 100;

  nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }
}

export interface Faults {
  /** Before the server sees it: throw, or wait. */
  before?(call: Call, options: CallOptions): Promise<void> | void;
  /** After the server did it, before the caller knows. */
  after?(call: Call, options: CallOptions): Promise<void> | void;
}

const keyOf = (type: ResourceType, name: string, namespace = '') => `${type.group}/${type.plural}/${namespace}/${name}`;
const copy = <T>(value: T): T => structuredClone(value);

export class MemoryClient implements KubeClient {
  readonly server: MemoryServer;
  readonly faults: Faults;

  constructor(server = new MemoryServer(), faults: Faults = {}) {
    this.server = server;
    this.faults = faults;
  }

  async #do<T>(call: Call, options: CallOptions, act: () => T): Promise<T> {
    await this.faults.before?.(call, options);
    this.server.calls.push(call);
    const result = copy(act());
    await this.faults.after?.(call, options);
    return result;
  }

  #need(key: string): MutableObject {
    const found = this.server.objects.get(key);
    if (!found) throw apiFailure(404, 'NotFound');
    return found;
  }

  #commit(key: string, object: MutableObject): MutableObject {
    const stored = copy(object);
    const { deletionTimestamp, finalizers = [] } = stored.metadata;
    const before = this.server.objects.get(key)?.metadata.finalizers ?? [];
    if (deletionTimestamp !== undefined && finalizers.some((one) => !before.includes(one)))
      throw apiFailure(422, 'Invalid');
    if (deletionTimestamp !== undefined && finalizers.length === 0) {
      this.server.objects.delete(key);
      return stored;
    }
    stored.metadata.resourceVersion = this.server.nextVersion();
    this.server.objects.set(key, stored);
    return stored;
  }

  get(type: ResourceType, name: string, namespace?: string, options: CallOptions = {}): Promise<KubeObject> {
    const call: Call = { verb: 'get', plural: type.plural, name, namespace };
    return this.#do(call, options, () => this.#need(keyOf(type, name, namespace)));
  }

  list(type: ResourceType, params: { namespace?: string }, options: CallOptions = {}): Promise<ListPage> {
    return this.#do({ verb: 'list', plural: type.plural, namespace: params.namespace }, options, () => ({
      items: [...this.server.objects]
        .filter(([key]) => key.startsWith(keyOf(type, '', params.namespace)))
        .map(([, object]) => object),
      resourceVersion: this.server.nextVersion(),
    }));
  }

  create(type: ResourceType, object: object, namespace?: string, options: CallOptions = {}): Promise<KubeObject> {
    const given = copy(object) as MutableObject;
    const key = keyOf(type, given.metadata.name, namespace);
    const call: Call = { verb: 'create', plural: type.plural, name: given.metadata.name, namespace, body: given };
    return this.#do(call, options, () => {
      if (this.server.objects.has(key)) throw apiFailure(409, 'AlreadyExists');
      given.metadata.uid = randomUUID();
      if (namespace !== undefined) given.metadata.namespace = namespace;
      return this.#commit(key, given);
    });
  }

  replace(
    type: ResourceType,
    object: object,
    name: string,
    namespace?: string,
    options: CallOptions = {},
  ): Promise<KubeObject> {
    const given = copy(object) as MutableObject;
    const key = keyOf(type, name, namespace);
    return this.#do({ verb: 'replace', plural: type.plural, name, namespace, body: given }, options, () => {
      const stored = this.#need(key);
      if (!given.metadata.resourceVersion) throw apiFailure(422, 'Invalid');
      const { uid, resourceVersion } = given.metadata;
      if (resourceVersion !== stored.metadata.resourceVersion || (uid && uid !== stored.metadata.uid))
        throw apiFailure(409, 'Conflict');
      return this.#commit(key, given);
    });
  }

  patch(
    type: ResourceType,
    name: string,
    namespace: string | undefined,
    patch: PatchType,
    body: unknown,
    options: PatchOptions & CallOptions = {},
  ): Promise<KubeObject> {
    const { subresource } = options;
    const call: Call = { verb: 'patch', plural: type.plural, name, namespace, body: copy(body), subresource };
    return this.#do(call, options, () => {
      const key = keyOf(type, name, namespace);
      const stored = this.#need(key);
      const { resourceVersion } = (body as Partial<MutableObject>).metadata ?? {};
      if ((resourceVersion ?? stored.metadata.resourceVersion) !== stored.metadata.resourceVersion)
        throw apiFailure(409, 'Conflict');
      const patched = copy(stored) as unknown as Json;
      if (patch === 'json') applyJsonPatch(patched, body as Operation[]);
      else applyMergePatch(patched, body as Json);
      const result = subresource === 'status' ? { ...stored, status: patched.status } : patched;
      if (JSON.stringify(result) === JSON.stringify(stored)) return stored;
      return this.#commit(key, result as unknown as MutableObject);
    });
  }

  delete(
    type: ResourceType,
    name: string,
    namespace?: string,
    preconditions: { uid?: string; resourceVersion?: string } = {},
    options: CallOptions = {},
  ): Promise<void> {
    return this.#do({ verb: 'delete', plural: type.plural, name, namespace }, options, () => {
      const key = keyOf(type, name, namespace);
      const { metadata } = this.#need(key);
      if ((preconditions.uid ?? metadata.uid) !== metadata.uid) throw apiFailure(409, 'Conflict');
      if (!metadata.finalizers?.length) return void this.server.objects.delete(key);
      if (metadata.deletionTimestamp !== undefined) return;
      const deletionTimestamp = new Date(this.server.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
      const { generation = 1 } = metadata;
      this.#commit(key, {
        ...this.#need(key),
        metadata: { ...metadata, deletionTimestamp, generation: generation + 1 },
      });
    });
  }

  review<T>(): Promise<T> {
    throw new Error('not scripted');
  }

  getText(): Promise<string> {
    throw new Error('not scripted');
  }

  watch(): Promise<never> {
    throw new Error('not scripted');
  }

  close(): void {}
}

interface Operation {
  readonly op: 'test' | 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

function applyJsonPatch(target: Json, operations: readonly Operation[]): void {
  for (const { op, path, value } of operations) {
    const parts = path
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = parts.pop() ?? '';
    const holder = parts.reduce<Json | undefined>((at, part) => at?.[part] as Json | undefined, target);
    if (!holder) throw apiFailure(422, 'Invalid');
    // The real server says no more than this.
    if (op === 'test' && JSON.stringify(holder[last]) !== JSON.stringify(value)) throw apiFailure(422, 'Invalid');
    if (Array.isArray(holder)) {
      const at = last === '-' ? holder.length : Number(last);
      if (op === 'remove') holder.splice(at, 1);
      if (op === 'add') holder.splice(at, 0, value);
    } else if (op === 'remove') delete holder[last];
    else if (op === 'add' || op === 'replace') holder[last] = value;
  }
}

function applyMergePatch(target: Json, patch: Json): void {
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete target[name];
    else if (typeof value === 'object' && !Array.isArray(value)) {
      target[name] ??= {};
      applyMergePatch(target[name] as Json, value as Json);
    } else target[name] = value;
  }
}
