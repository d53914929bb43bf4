/** A directory of manifests → resources. */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { MAX_FILE_BYTES } from './documents.ts';
import type { ManifestProblem } from './errors.ts';
import { type LoadedObject, type ReadResult, readText } from './objects.ts';

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
/** Files in one directory. */
const MAX_FILES = 10_000;

/** A file and what would differ if its content did. */
export interface FileState {
  readonly name: string;
  readonly signature: string;
}

/** The files read last time, by name: those whose signature is the same are not read again. */
export type FileCache = Map<string, { readonly signature: string; readonly result: ReadResult }>;

/**
 * The manifests in a directory, by name: `.yaml`, `.yml` and `.json`, not in sub-directories. Names that begin with a
 * dot are skipped; symbolic links are followed, as a mounted ConfigMap needs.
 * @throws NodeJS.ErrnoException if the directory cannot be read.
 */
export async function listManifests(dir: string): Promise<FileState[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = entries
    .filter((e) => (e.isFile() || e.isSymbolicLink()) && !e.name.startsWith('.') && EXTENSIONS.has(extname(e.name)))
    .map((e) => e.name)
    .sort();
  const states: FileState[] = [];
  for (const name of names) {
    try {
      const s = await stat(join(dir, name), { bigint: true });
      if (!s.isDirectory())
        states.push({ name, signature: [s.dev, s.ino, s.size, s.mtimeNs, s.ctimeNs, s.mode].join() });
    } catch (error) {
      states.push({ name, signature: `unreadable ${(error as NodeJS.ErrnoException).code}` });
    }
  }
  return states;
}

/**
 * Every resource in a directory, in the order of file names and documents. A document of ours that is wrong in any
 * way is a problem, and any problem means that the read failed as a whole: half of what is written is not served.
 * @param cache From the previous read of the same directory; brought up to date.
 * @param maxFiles With more, the read has failed.
 */
export async function readManifests(
  dir: string,
  cache: FileCache = new Map(),
  maxFiles = MAX_FILES,
): Promise<ReadResult> {
  let files: FileState[];
  try {
    files = await listManifests(dir);
  } catch (error) {
    return failed(dir, 'unreadable', `the directory cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (files.length > maxFiles) return failed(dir, 'too_large', `a directory has at most ${maxFiles} manifests`);
  const results: ReadResult[] = [];
  for (const { name, signature } of files) {
    let entry = cache.get(name);
    if (entry?.signature !== signature) {
      entry = { signature, result: await readManifest(join(dir, name), name) };
      // A disk that was at fault leaves no trace in the signature.
      if (entry.result.problems.some(({ code }) => code === 'unreadable')) cache.delete(name);
      else cache.set(name, entry);
    }
    results.push(entry.result);
  }
  const present = new Set(files.map(({ name }) => name));
  for (const name of cache.keys()) if (!present.has(name)) cache.delete(name);
  return merged(results);
}

/** Every resource in the given files, as `policy lint` and `policy convert` name them. */
export async function readManifestFiles(paths: readonly string[]): Promise<ReadResult> {
  const results: ReadResult[] = [];
  for (const path of paths) results.push(await readManifest(path, path));
  return merged(results);
}

async function readManifest(path: string, shown: string): Promise<ReadResult> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    if (!(await handle.stat()).isFile()) return failed(shown, 'unreadable', 'this is no file');
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length > MAX_FILE_BYTES) break;
    }
    if (length > MAX_FILE_BYTES) return failed(shown, 'too_large', `a file has at most ${MAX_FILE_BYTES} bytes`);
    const text = decode(buffer.subarray(0, length));
    if (text === undefined) return failed(shown, 'bad_encoding', 'the file is not UTF-8');
    return readText(text, shown, basename(path, extname(path)));
  } catch (error) {
    return failed(shown, 'unreadable', `the file cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  } finally {
    await handle?.close();
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function failed(file: string, code: ManifestProblem['code'], message: string): ReadResult {
  return { objects: [], ignored: 0, problems: [{ file, path: '', code, message }] };
}

function merged(results: readonly ReadResult[]): ReadResult {
  const problems = results.flatMap((result) => result.problems);
  const objects: LoadedObject[] = [];
  const first = new Map<string, LoadedObject>();
  for (const object of results.flatMap((result) => result.objects)) {
    const { kind, metadata } = object.resource;
    const key = `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
    const earlier = first.get(key);
    if (earlier) {
      const { file, document, line } = object;
      const message = `${key} also stands in ${earlier.file}, line ${earlier.line}`;
      problems.push({ file, document, line, path: 'metadata.name', code: 'duplicate_object', message });
    } else {
      first.set(key, object);
      objects.push(object);
    }
  }
  return { objects, ignored: results.reduce((sum, result) => sum + result.ignored, 0), problems };
}
