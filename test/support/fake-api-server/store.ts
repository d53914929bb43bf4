import { randomUUID } from 'node:crypto';

export interface Stored {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation: number;
    [member: string]: unknown;
  };
  [member: string]: unknown;
}

/** What a client sends. */
interface Given {
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly [member: string]: unknown };
  readonly [member: string]: unknown;
}

export interface StoredEvent {
  readonly version: number;
  /** `group/plural`. */
  readonly collection: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Stored;
}

/** What etcd is to the fake: objects, one counter, and the history that watches are served from. */
export class FakeStore {
  #version = 1_000;
  #compacted = 0;
  #objects = new Map<string, Stored>();
  #history: StoredEvent[] = [];
  readonly listeners = new Set<(event: StoredEvent) => void>();

  get version(): number {
    return this.#version;
  }

  /** Versions up to this one can no longer be watched. */
  get compacted(): number {
    return this.#compacted;
  }

  get(collection: string, namespace: string | undefined, name: string): Stored | undefined {
    return this.#objects.get(id(collection, namespace, name));
  }

  list(collection: string, namespace?: string): Stored[] {
    return [...this.#objects]
      .filter(([key, o]) => key.startsWith(`${collection} `) && (!namespace || o.metadata.namespace === namespace))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  since(version: number): readonly StoredEvent[] {
    return this.#history.filter((event) => event.version > version);
  }

  /** Writes the object whole. A new name gets a uid; a changed spec a new generation. */
  put(collection: string, given: Given): Stored {
    const { name = '', namespace } = given.metadata;
    const old = this.get(collection, namespace, name);
    this.#version += 1;
    const respecified = JSON.stringify(old?.spec) !== JSON.stringify(given.spec);
    const object: Stored = structuredClone({
      ...given,
      metadata: {
        ...given.metadata,
        name,
        uid: old?.metadata.uid ?? randomUUID(),
        creationTimestamp: old?.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z',
        generation: (old?.metadata.generation ?? 0) + (respecified || !old ? 1 : 0),
        resourceVersion: String(this.#version),
        managedFields: [{ manager: 'fake', operation: 'Update' }],
      },
    });
    this.#objects.set(id(collection, namespace, name), object);
    this.#record(collection, old ? 'MODIFIED' : 'ADDED', object);
    return object;
  }

  remove(collection: string, namespace: string | undefined, name: string): void {
    const old = this.get(collection, namespace, name);
    if (!old) return;
    this.#version += 1;
    this.#objects.delete(id(collection, namespace, name));
    const metadata = { ...old.metadata, resourceVersion: String(this.#version) };
    this.#record(collection, 'DELETED', { ...old, metadata });
  }

  /** Others write too: versions move on without this collection. */
  skip(versions: number): void {
    this.#version += versions;
  }

  compact(): void {
    this.#compacted = this.#version;
    this.#history = [];
  }

  /** A backup, to go back to: versions and objects are those of then. */
  backup(): () => void {
    const version = this.#version;
    const objects = new Map(this.#objects);
    return () => {
      this.#version = version;
      this.#objects = objects;
      this.#history = [];
    };
  }

  #record(collection: string, type: StoredEvent['type'], object: Stored): void {
    const event = { version: this.#version, collection, type, object };
    this.#history.push(event);
    for (const listener of this.listeners) listener(event);
  }
}

function id(collection: string, namespace: string | undefined, name: string): string {
  return `${collection} ${namespace ?? ''}/${name}`;
}
