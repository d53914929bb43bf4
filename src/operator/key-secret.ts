/** Our own keys in one Secret of the operator's namespace; that there were some once, and whose, is marked on its Lease. */
import { KeyRingError, type KeyStore, RingReader, type StoredKeyRing, serializeRing } from '../keyring/index.ts';
import { LeaseMark } from '../kube/index.ts';
import type { KubeClient, KubeObject } from '../kube/types.ts';
import { member, reasonOf, statusOf, text } from './errors.ts';
import { SECRETS } from './kinds.ts';

export const KEYS_SECRET = 'trustmint-keys';
/** The Lease by which replicas elect a leader: it outlives every one of them. */
export const LEASE = 'trustmint';
/** Its value is the id of the ring that was created. */
export const KEYS_CREATED = 'trustmint.dev/keys-created';
/** What older versions wrote. */
const SOME_RING = 'true';

const DATA_KEY = 'keys.json';
const LABELS = { 'app.kubernetes.io/name': 'trustmint', 'app.kubernetes.io/managed-by': 'trustmint' };

export interface KeySecretSettings {
  readonly client: KubeClient;
  /** The operator's own. */
  readonly namespace: string;
}

/** The one Secret. Each write is fenced by what was read before it: of two writers one is told that it lost. */
export class KeySecret implements KeyStore {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #mark: LeaseMark;
  readonly #reader = new RingReader();

  constructor({ client, namespace }: KeySecretSettings) {
    this.#client = client;
    this.#namespace = namespace;
    this.#mark = new LeaseMark({ client, namespace, name: LEASE, annotation: KEYS_CREATED });
  }

  async load(): Promise<StoredKeyRing | undefined> {
    const secret = await this.#read();
    if (!secret) {
      if ((await this.#marked()) !== undefined) throw this.#lost();
      return undefined;
    }
    const ring = this.#ringIn(secret);
    const marked = await this.#marked();
    if (marked === undefined || marked === SOME_RING) await this.#setMark(ring);
    else if (marked !== ring.id) throw this.#foreign();
    return ring;
  }

  async create(ring: StoredKeyRing): Promise<boolean> {
    if ((await this.#marked()) !== undefined) {
      if (await this.#read()) return false;
      throw this.#lost();
    }
    try {
      await this.#client.create(SECRETS, this.#secret(ring), this.#namespace);
    } catch (error) {
      if (isTaken(error)) return false;
      throw unavailable(`cannot create Secret ${KEYS_SECRET}`, error);
    }
    await this.#setMark(ring);
    return true;
  }

  async save(ring: StoredKeyRing, expected: number): Promise<boolean> {
    const secret = await this.#read();
    if (!secret) return false;
    const stored = this.#ringIn(secret);
    if (stored.id !== ring.id || stored.revision !== expected) return false;
    return await this.#replace(secret, ring);
  }

  async restore(ring: StoredKeyRing): Promise<void> {
    const secret = await this.#read();
    if (secret) {
      // A leader that stood still since it looked must not undo what the next one did.
      if (this.#isNewer(secret, ring) || !(await this.#replace(secret, ring))) throw conflict();
    } else {
      try {
        await this.#client.create(SECRETS, this.#secret(ring), this.#namespace);
      } catch (error) {
        if (isTaken(error)) throw conflict();
        throw unavailable(`cannot create Secret ${KEYS_SECRET}`, error);
      }
    }
    await this.#setMark(ring);
  }

  #secret(ring: StoredKeyRing, resourceVersion?: string): object {
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: KEYS_SECRET,
        namespace: this.#namespace,
        labels: LABELS,
        ...(resourceVersion !== undefined && { resourceVersion }),
      },
      type: 'Opaque',
      data: { [DATA_KEY]: Buffer.from(serializeRing(ring)).toString('base64') },
    };
  }

  async #read(): Promise<KubeObject | undefined> {
    try {
      return await this.#client.get(SECRETS, KEYS_SECRET, this.#namespace);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw unavailable(`cannot read Secret ${KEYS_SECRET}`, error);
    }
  }

  /** Whether it was still the one that was read. */
  async #replace(read: KubeObject, ring: StoredKeyRing): Promise<boolean> {
    try {
      const body = this.#secret(ring, read.metadata.resourceVersion);
      await this.#client.replace(SECRETS, body, KEYS_SECRET, this.#namespace);
      return true;
    } catch (error) {
      if (isTaken(error) || statusOf(error) === 404) return false;
      throw unavailable(`cannot write Secret ${KEYS_SECRET}`, error);
    }
  }

  /** The id of the ring that was created; undefined where none ever was. */
  async #marked(): Promise<string | undefined> {
    try {
      return await this.#mark.value();
    } catch (error) {
      throw unavailable(`cannot read Lease ${LEASE}`, error);
    }
  }

  async #setMark({ id }: StoredKeyRing): Promise<void> {
    if ((await this.#marked()) === id) return;
    try {
      await this.#mark.set(id);
    } catch (error) {
      throw unavailable(`cannot mark Lease ${LEASE}`, error);
    }
  }

  #ringIn(secret: KubeObject): StoredKeyRing {
    const encoded = text(member(secret, 'data'), DATA_KEY);
    if (encoded === undefined) throw new KeyRingError('keys_damaged', `Secret ${KEYS_SECRET} has no ${DATA_KEY}`);
    return this.#reader.read(Buffer.from(encoded, 'base64').toString('utf8'));
  }

  /** Whether a later ring of the same keys is stored. */
  #isNewer(secret: KubeObject, ring: StoredKeyRing): boolean {
    try {
      const stored = this.#ringIn(secret);
      return stored.id === ring.id && stored.revision > ring.revision;
    } catch {
      return false;
    }
  }

  #foreign(): KeyRingError {
    return new KeyRingError(
      'keys_foreign',
      `Secret ${this.#namespace}/${KEYS_SECRET} holds the keys of another installation: put ours back, or take ${KEYS_CREATED} off Lease ${LEASE} to go on with these`,
    );
  }

  #lost(): KeyRingError {
    return new KeyRingError(
      'keys_lost',
      `Secret ${this.#namespace}/${KEYS_SECRET} is gone, though keys were created here: put it back, or take ${KEYS_CREATED} off Lease ${LEASE} to give up every token issued so far`,
    );
  }
}

/** 409: AlreadyExists of a creation, Conflict of a replacement. */
function isTaken(error: unknown): boolean {
  return statusOf(error) === 409;
}

function conflict(): KeyRingError {
  return new KeyRingError('keys_conflict', `Secret ${KEYS_SECRET} was written by another meanwhile`);
}

function unavailable(what: string, error: unknown): KeyRingError {
  const status = statusOf(error);
  const why = status === 403 ? 'RBAC missing' : reasonOf(error);
  return new KeyRingError('keys_unavailable', `${what}: ${why}`);
}
