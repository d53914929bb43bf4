import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanText } from './clean.ts';
import { LineSplitter } from './lines.ts';

export interface TailOptions {
  /** Whether to wait for more, across rotation; of a file only. Default: stop at its end. */
  readonly follow?: boolean;
  /** Begin with the last so many lines; default: all. */
  readonly last?: number;
  /** Milliseconds between two looks; default 250. */
  readonly pollMs?: number;
  /** How to wait; default a timer that keeps the process alive. */
  readonly wait?: (ms: number) => Promise<void>;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

export type TailItem =
  | { readonly record: Readonly<Record<string, unknown>> }
  /** A line that is no record: torn by a crash, or of something else. Its beginning, safe for a terminal. */
  | { readonly unreadable: string };

const CHUNK = 65_536;

function parseLine(line: string): TailItem {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { record: value as Record<string, unknown> };
    }
  } catch {
    // Shown as it is.
  }
  return { unreadable: cleanText(line, 2048) };
}

/** All chunks of a file from an offset on to its present end. */
async function* chunksFrom(file: FileHandle, offset: number): AsyncGenerator<Uint8Array> {
  for (let at = offset; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** What became of the file that stands at a path. */
async function placeOf(path: string, file: FileHandle, offset: number): Promise<'same' | 'cut' | 'moved' | 'gone'> {
  const mine = await file.stat();
  if (mine.size < offset) return 'cut';
  try {
    const there = await stat(path);
    return there.ino === mine.ino && there.dev === mine.dev ? 'same' : 'moved';
  } catch {
    return 'gone';
  }
}

/** The lines of a file; null where its present end is reached. */
async function* fileLines(path: string, options: TailOptions): AsyncGenerator<string | null> {
  const { pollMs = 250, signal } = options;
  const wait = options.wait ?? ((ms: number) => sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined));
  let file = await open(path, 'r');
  let splitter = new LineSplitter();
  let offset = 0;
  const readOn = async function* (): AsyncGenerator<string> {
    for await (const chunk of chunksFrom(file, offset)) {
      offset += chunk.length;
      yield* splitter.push(chunk);
    }
  };
  try {
    for (;;) {
      yield* readOn();
      if (!options.follow) {
        yield* splitter.end();
        return;
      }
      yield null;
      if (signal?.aborted) return;
      await wait(pollMs);
      if (signal?.aborted) return;
      const place = await placeOf(path, file, offset);
      if (place === 'same' || place === 'gone') continue;
      if (place === 'moved') {
        const next = await open(path, 'r').catch(() => undefined);
        if (!next) continue;
        // What was still written to the old one after the last look.
        yield* readOn();
        yield* splitter.end();
        await file.close();
        file = next;
      }
      splitter = new LineSplitter();
      offset = 0;
    }
  } finally {
    await file.close();
  }
}

async function* streamLines(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const splitter = new LineSplitter();
  for await (const chunk of stream) yield* splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  yield* splitter.end();
}

/**
 * The records of an audit log, oldest first.
 *
 * @param source a file's path, or a stream as standard input
 * @throws the system's error where the file cannot be opened or read
 */
export async function* tailAudit(
  source: string | AsyncIterable<Uint8Array | string>,
  options: TailOptions = {},
): AsyncGenerator<TailItem> {
  const lines = typeof source === 'string' ? fileLines(source, options) : streamLines(source);
  let held: string[] | undefined = options.last === undefined ? undefined : [];
  for await (const line of lines) {
    if (options.signal?.aborted) return;
    if (line === null) {
      // The first look is over: from here on every line is shown as it comes.
      for (const old of held ?? []) yield parseLine(old);
      held = undefined;
    } else if (held) {
      held.push(line);
      if (held.length > options.last!) held.shift();
    } else {
      yield parseLine(line);
    }
  }
  for (const old of held ?? []) yield parseLine(old);
}
