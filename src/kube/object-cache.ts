/** What is known of one collection: projected objects, frozen, by key. */
import { ownError } from './errors.ts';
import type { Change, HowGone } from './reflector-types.ts';
import { isOlder } from './resource-version.ts';
import type { KubeMeta, KubeObject } from './types.ts';

/** Which object, and which version of it. */
export interface Version {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** `value` is missing where the projection threw: known, but kept out. */
export interface Entry<T> extends Version {
  readonly value?: { readonly of: T };
}

export class ObjectCache<T> {
  readonly #project: (raw: KubeObject, key: string) => T;
  readonly #onProjectError: (key: string) => void;
  #items = new Map<string, T>();
  /** Of what does not say it itself. */
  #versions = new Map<string, Version>();

  constructor(project: (raw: KubeObject, key: string) => T, onProjectError: (key: string) => void) {
    this.#project = project;
    this.#onProjectError = onProjectError;
  }

  items(): ReadonlyMap<string, T> {
    return this.#items;
  }

  /** As it is now. */
  versions(): ReadonlyMap<string, Version> {
    const all = new Map(this.#versions);
    for (const [key, of] of this.#items) if (!all.has(key)) all.set(key, of as Version);
    return all;
  }

  /**
   * Reads a page of a list into `next`, which `replace` takes when it is whole.
   * @param reuse whether an object of the same uid and version is the one that is known
   */
  collect(next: Map<string, Entry<T>>, page: readonly KubeObject[], reuse: boolean): void {
    for (const raw of page) {
      const { key, uid, resourceVersion } = identityOf(raw);
      const known = reuse ? this.#entry(key) : undefined;
      const same = known?.uid === uid && known.resourceVersion === resourceVersion;
      next.set(key, same ? known : this.#entryOf(key, raw));
    }
  }

  /**
   * All at once: nobody sees half a list.
   * @param restored whether the list is older than what was known before
   */
  replace(next: Map<string, Entry<T>>, restored: boolean): Change<T>[] {
    const how = restored ? 'restored' : 'missed';
    const changes: Change<T>[] = [];
    for (const key of this.#keys())
      if (!next.has(key)) changes.push(...differences(key, this.#entry(key), undefined, how));
    for (const [key, entry] of next) {
      const old = this.#entry(key);
      if (!old || !isSame(old, entry)) changes.push(...differences(key, old, entry, how));
    }
    this.#items = new Map();
    this.#versions = new Map();
    for (const [key, entry] of next) this.#put(key, entry);
    return changes;
  }

  /** @returns undefined if the object is not newer than what is known */
  set(raw: KubeObject): Change<T>[] | undefined {
    const { key, uid, resourceVersion } = identityOf(raw);
    const old = this.#entry(key);
    if (old?.uid === uid && old.resourceVersion === resourceVersion) return undefined;
    if (old && isOlder(resourceVersion, old.resourceVersion)) return undefined;
    const entry = this.#entryOf(key, raw);
    this.#put(key, entry);
    return differences(key, old, entry, 'missed');
  }

  remove(raw: KubeObject): Change<T>[] | undefined {
    const { key, resourceVersion } = identityOf(raw);
    const old = this.#entry(key);
    if (!old || isOlder(resourceVersion, old.resourceVersion)) return undefined;
    this.#versions.delete(key);
    this.#items.delete(key);
    return differences(key, old, undefined, 'told');
  }

  *#keys(): Iterable<string> {
    yield* this.#items.keys();
    for (const key of this.#versions.keys()) if (!this.#items.has(key)) yield key;
  }

  #entry(key: string): Entry<T> | undefined {
    const of = this.#items.get(key);
    const version = this.#versions.get(key) ?? (of as Version | undefined);
    if (!version) return undefined;
    const { uid, resourceVersion } = version;
    return { uid, resourceVersion, ...(this.#items.has(key) && { value: { of: of as T } }) };
  }

  /** There may be a million: what says its own version is held alone. */
  #put(key: string, { uid, resourceVersion, value }: Entry<T>): void {
    if (value) this.#items.set(key, value.of);
    else this.#items.delete(key);
    const own = value?.of as Partial<Version> | null | undefined;
    if (own?.uid === uid && own.resourceVersion === resourceVersion) this.#versions.delete(key);
    else this.#versions.set(key, { uid, resourceVersion });
  }

  #entryOf(key: string, raw: KubeObject): Entry<T> {
    const { uid, resourceVersion } = raw.metadata;
    const { managedFields: _, ...metadata } = raw.metadata as KubeMeta & { managedFields?: unknown };
    try {
      return { uid, resourceVersion, value: { of: freeze(this.#project({ ...raw, metadata }, key)) } };
    } catch {
      this.#onProjectError(key);
      return { uid, resourceVersion };
    }
  }
}

function isSame<T>(a: Entry<T>, b: Entry<T>): boolean {
  return (
    a.uid === b.uid &&
    a.resourceVersion === b.resourceVersion &&
    (a.value === undefined) === (b.value === undefined) &&
    a.value?.of === b.value?.of
  );
}

function differences<T>(key: string, old: Entry<T> | undefined, next: Entry<T> | undefined, how: HowGone): Change<T>[] {
  const before = old?.value;
  const after = next?.value;
  if (before && after && old.uid === next.uid) return [{ type: 'modified', key, old: before.of, new: after.of }];
  return [
    ...(before ? [{ type: 'deleted', key, old: before.of, how } as const] : []),
    ...(after ? [{ type: 'added', key, new: after.of } as const] : []),
  ];
}

/**
 * The key of an object and its version.
 * @throws KubeApiError BadAnswer, if it is no object of the API
 */
export function identityOf(raw: KubeObject): Version & { readonly key: string } {
  const { namespace, name, uid, resourceVersion } = raw?.metadata ?? ({} as Partial<KubeMeta>);
  if (typeof name !== 'string' || typeof uid !== 'string' || typeof resourceVersion !== 'string')
    throw ownError('object', 'BadAnswer', 'it has no name, uid or resourceVersion');
  return { key: typeof namespace === 'string' && namespace ? `${namespace}/${name}` : name, uid, resourceVersion };
}

function freeze<V>(value: V): V {
  // Bytes cannot be frozen.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
  return value;
}
