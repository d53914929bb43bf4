/** Keys in a file: `keys.json`, and beside it the mark `keys-created`. */
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { KeyRingError } from './errors.ts';
import { MAX_RING_BYTES, RingReader, serializeRing } from './stored-ring.ts';
import type { KeyStore, StoredKeyRing } from './types.ts';

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

function unavailable(what: string, error: unknown): KeyRingError {
  return new KeyRingError('keys_unavailable', `${what}: ${codeOf(error)}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw unavailable(`cannot look at ${path}`, error);
  }
}

/** Makes what was done to the names in a directory survive a power cut. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A write takes milliseconds: whoever holds the lock longer is dead. */
const STALE_LOCK_MS = 10_000;

/** A data directory must be locked by its one process: `save` compares and then renames, which is no atomic pair. */
export class FileKeyStore implements KeyStore {
  readonly #directory: string;
  readonly #path: string;
  readonly #mark: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #reader = new RingReader();

  /**
   * @param directory the data directory; made with mode 0700 if it is not there
   * @param clock for the age of another writer's lock
   */
  constructor(directory: string, clock: Pick<Clock, 'now'> = systemClock) {
    this.#directory = directory;
    this.#clock = clock;
    this.#path = join(directory, 'keys.json');
    this.#mark = join(directory, 'keys-created');
  }

  async load(): Promise<StoredKeyRing | undefined> {
    // Not made here: who only looks leaves nothing behind.
    if (!(await exists(this.#directory))) return undefined;
    await this.#checkDirectory();
    let handle: FileHandle;
    try {
      handle = await open(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw unavailable(`cannot open ${this.#path}`, error);
      if (await exists(this.#mark)) throw this.#lost();
      return undefined;
    }
    try {
      const ring = this.#reader.read(await this.#read(handle));
      if (!(await exists(this.#mark))) await this.#setMark();
      return ring;
    } finally {
      await handle.close();
    }
  }

  async create(ring: StoredKeyRing): Promise<boolean> {
    await this.#checkDirectory();
    if (!(await exists(this.#path)) && (await exists(this.#mark))) throw this.#lost();
    const won = await this.#withTemporary(ring, async (temporary) => {
      try {
        // link, not rename: it fails where the name is taken, so the first of several creators wins.
        await link(temporary, this.#path);
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        throw error;
      }
    });
    if (won) await this.#setMark();
    return won;
  }

  async save(ring: StoredKeyRing, expected: number): Promise<boolean> {
    // Looking and writing are one step, or of two writers one would lose what it was told is stored.
    const unlock = await this.#lock();
    if (!unlock) return false;
    try {
      const stored = await this.load();
      if (stored?.id !== ring.id || stored.revision !== expected) return false;
      await this.restore(ring);
      return true;
    } finally {
      await unlock();
    }
  }

  /** @returns undefined while another process writes: it is then the faster one */
  async #lock(): Promise<(() => Promise<void>) | undefined> {
    const path = `${this.#path}.lock`;
    try {
      const held = await stat(path).catch(() => undefined);
      if (held && this.#clock.now() - held.mtimeMs > STALE_LOCK_MS) await rm(path, { force: true });
      await (await open(path, 'wx', 0o600)).close();
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return undefined;
      throw unavailable(`cannot write ${path}`, error);
    }
    return () => rm(path, { force: true });
  }

  async restore(ring: StoredKeyRing): Promise<void> {
    await this.#checkDirectory();
    await this.#withTemporary(ring, (temporary) => rename(temporary, this.#path));
    await this.#setMark();
  }

  #lost(): KeyRingError {
    return new KeyRingError(
      'keys_lost',
      `${this.#path} is gone, though keys were created here: put it back, or delete ${this.#mark} to give up every token issued so far`,
    );
  }

  async #checkDirectory(): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const { mode } = await stat(this.#directory);
      if ((mode & OTHERS_WRITE) === 0) return;
    } catch (error) {
      throw unavailable(`cannot use ${this.#directory}`, error);
    }
    throw new KeyRingError('keys_exposed', `others may write to ${this.#directory}: chmod 700 it`);
  }

  async #read(handle: FileHandle): Promise<string> {
    const { mode, size } = await handle.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
      throw new KeyRingError('keys_damaged', `${this.#path} is no plain file`);
    }
    if ((mode & OTHERS) !== 0) {
      throw new KeyRingError('keys_exposed', `others may read or write ${this.#path}: chmod 600 it`);
    }
    if (size > MAX_RING_BYTES) throw new KeyRingError('keys_damaged', `${this.#path} is too large`);
    return await handle.readFile('utf8').catch((error: unknown) => {
      throw unavailable(`cannot read ${this.#path}`, error);
    });
  }

  /** Writes the ring to a file of its own, hands its path to `use`, and leaves nothing behind. */
  async #withTemporary<T>(ring: StoredKeyRing, use: (path: string) => Promise<T>): Promise<T> {
    let folder: string | undefined;
    try {
      folder = await mkdtemp(`${this.#path}.`);
      const temporary = join(folder, 'keys.json');
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(serializeRing(ring));
        await handle.sync();
      } finally {
        await handle.close();
      }
      const result = await use(temporary);
      await syncDirectory(this.#directory);
      return result;
    } catch (error) {
      throw unavailable(`cannot write ${this.#path}`, error);
    } finally {
      if (folder) await rm(folder, { recursive: true, force: true });
    }
  }

  async #setMark(): Promise<void> {
    try {
      const handle = await open(this.#mark, 'a', 0o600);
      await handle.sync();
      await handle.close();
      await syncDirectory(this.#directory);
    } catch (error) {
      throw unavailable(`cannot write ${this.#mark}`, error);
    }
  }
}
