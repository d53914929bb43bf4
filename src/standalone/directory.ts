/** One followed directory: what was read last, what of it is in use, and since when it has not been seen fresh. */
import type { TokenRevocation, TrustmintResource } from '../api/v1alpha1/index.ts';
import type { Clock } from '../clock.ts';
import type { ManifestProblem } from './errors.ts';
import { Follower, type Reading, type WatchDirectory } from './follow.ts';
import type { ReadResult } from './objects.ts';
import { type FileCache, listManifests, readManifests } from './read.ts';

export interface DirectorySettings {
  readonly dir: string;
  readonly clock: Clock;
  readonly watch: WatchDirectory;
  /** Whether its files appear and go as wholes: then nothing that was read waits for the directory to rest. */
  readonly restless?: boolean;
  readonly maxFiles?: number;
  /** Refuses what does not belong into this directory. */
  readonly admit?: (result: ReadResult) => ReadResult;
  /**
   * Something else is in use, or wrong. Throwing makes the read a failed one.
   * @param good Whether `objects` are new.
   */
  readonly onRead: (directory: Directory, good: boolean) => void;
  /** What is in use was just seen to be what is there. */
  readonly onFresh?: (directory: Directory) => void;
}

export class Directory {
  readonly #settings: DirectorySettings;
  readonly #follower: Follower;
  readonly #watcher: { close(): void };
  readonly #cache: FileCache = new Map();
  #freshAt: number | undefined;

  /** Of the last good read. */
  objects: readonly TrustmintResource[] = [];
  /** Documents of other API groups, of the last good read. */
  ignored = 0;
  /** Of the last good read, and those that a later, failed one added: what is revoked stays so. */
  revocations: readonly TokenRevocation[] = [];
  /** Why the newest read failed; empty if it did not. */
  problems: readonly ManifestProblem[] = [];

  constructor(settings: DirectorySettings) {
    this.#settings = settings;
    this.#follower = new Follower(
      {
        signature: () => this.#signature(),
        read: () => this.#read(),
        restless: settings.restless ?? false,
        fresh: () => {
          this.#freshAt = settings.clock.monotonic();
          settings.onFresh?.(this);
        },
      },
      settings.clock,
    );
    this.#watcher = settings.watch(settings.dir, () => this.#follower.nudge());
  }

  /** Milliseconds since the content was last seen to be what is in use; infinite before the first good read. */
  get age(): number {
    return this.#freshAt === undefined ? Number.POSITIVE_INFINITY : this.#settings.clock.monotonic() - this.#freshAt;
  }

  reload(): Promise<void> {
    return this.#follower.reload();
  }

  idle(): Promise<void> {
    return this.#follower.idle();
  }

  async close(): Promise<void> {
    this.#watcher.close();
    await this.#follower.close();
  }

  async #signature(): Promise<string> {
    try {
      return JSON.stringify(await listManifests(this.#settings.dir));
    } catch (error) {
      return `unreadable ${(error as NodeJS.ErrnoException).code}`;
    }
  }

  async #read(): Promise<Reading> {
    const { dir, maxFiles, admit = (result) => result } = this.#settings;
    const result = admit(await readManifests(dir, this.#cache, maxFiles));
    return { whole: result.problems.every(({ code }) => code !== 'unreadable'), use: () => this.#use(result) };
  }

  #use(result: ReadResult): boolean {
    const resources = result.objects.map(({ resource }) => resource);
    const revocations = resources.filter((resource) => resource.kind === 'TokenRevocation');
    const before = { objects: this.objects, ignored: this.ignored };
    const good = result.problems.length === 0;
    this.problems = result.problems;
    if (good) {
      this.objects = resources;
      this.ignored = result.ignored;
      this.revocations = revocations;
    } else {
      const names = new Set(revocations.map(({ metadata }) => metadata.uid));
      this.revocations = [...this.revocations.filter(({ metadata }) => !names.has(metadata.uid)), ...revocations];
    }
    try {
      this.#settings.onRead(this, good);
      return good;
    } catch {
      Object.assign(this, before);
      const message = 'the objects could not be compiled';
      this.problems = [{ file: this.#settings.dir, path: '', code: 'compile_failed', message }];
      this.#settings.onRead(this, false);
      return false;
    }
  }
}
