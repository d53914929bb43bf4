import type { ServerResponse } from 'node:http';
import type { FakeStore, Stored, StoredEvent } from './store.ts';

interface OpenWatch {
  readonly res: ServerResponse;
  readonly collection: string;
  readonly namespace: string | undefined;
}

/** The watches that are open, and what can be wrong with them. */
export class FakeWatches {
  readonly #store: FakeStore;
  readonly #open = new Set<OpenWatch>();
  /** Nothing is sent any more, nothing is closed. */
  stalled = false;
  /** Alive, and lying: bookmarks come, events do not. */
  lossy = false;
  /** Each event is sent twice, and once more after the next one. */
  repeating = false;
  #previous: StoredEvent | undefined;

  constructor(store: FakeStore) {
    this.#store = store;
    store.listeners.add((event) => this.#send(event));
  }

  get open(): number {
    return this.#open.size;
  }

  serve(res: ServerResponse, collection: string, namespace: string | undefined, from: number): unknown {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.flushHeaders();
    const watch = { res, collection, namespace };
    if (from < this.#store.compacted) {
      return res.end(line('ERROR', status(410, 'Expired')));
    }
    this.#open.add(watch);
    res.on('close', () => this.#open.delete(watch));
    // A version of the future is watched without a word, as the real one does.
    for (const event of this.#store.since(from)) if (!this.stalled && !this.lossy) this.#give(watch, event);
    return watch;
  }

  /** A bookmark to everyone. */
  bookmark(): void {
    if (this.stalled) return;
    const object = { metadata: { resourceVersion: String(this.#store.version) } };
    this.raw(line('BOOKMARK', object));
  }

  /** These bytes to everyone. */
  raw(bytes: string): void {
    for (const { res } of this.#open) res.write(bytes);
  }

  /** Closes all connections without a word. */
  cut(): void {
    for (const { res } of this.#drain()) res.destroy();
  }

  /** Ends all watches, as when their time is up. */
  end(): void {
    for (const { res } of this.#drain()) res.end();
  }

  #drain(): OpenWatch[] {
    const open = [...this.#open];
    this.#open.clear();
    return open;
  }

  #send(event: StoredEvent): void {
    if (this.stalled || this.lossy) return;
    const events = this.repeating ? [event, event, ...(this.#previous ? [this.#previous] : [])] : [event];
    this.#previous = event;
    for (const watch of this.#open) for (const each of events) this.#give(watch, each);
  }

  #give({ res, collection, namespace }: OpenWatch, event: StoredEvent): void {
    if (event.collection !== collection) return;
    if (namespace !== undefined && event.object.metadata.namespace !== namespace) return;
    res.write(line(event.type, event.object));
  }
}

export function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function status(code: number, reason: string, details?: object) {
  const kind = { kind: 'Status', apiVersion: 'v1', status: 'Failure' };
  return { ...kind, code, reason, message: `SECRET-MESSAGE ${reason}`, ...(details && { details }) };
}

export type { Stored };
