import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { AuditSink } from './sink.ts';

/** What the sink needs of the file system: `node:fs/promises`, or a test's. */
export interface AuditFiles {
  open(path: string, flags: number, mode: number): Promise<AuditFile>;
  stat(path: string): Promise<FileIdentity>;
}

export type AuditFile = Pick<FileHandle, 'stat' | 'close'> & {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
};

interface FileIdentity {
  readonly ino: number;
  readonly dev: number;
}

export interface FileSinkOptions {
  /** Mode of a file that is made; default 0640, so that a log collector's group may read it. */
  readonly mode?: number;
  readonly files?: AuditFiles;
}

const NEWLINE = 0x0a;

// Non-blocking so that opening a FIFO that nobody reads fails instead of hanging; no matter to plain files.
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/**
 * Lines appended to a file. Before each write the path is looked at: a file that was moved or deleted is made anew there,
 * so that no line goes to one that nobody will read; lines that went to one deleted meanwhile are written again. A line
 * counts as written when the operating system has it: a power cut may take the last ones. What was torn by a full disk or a crash is ended with a newline, and
 * the next record stands on a line of its own.
 */
export function fileSink(path: string, options: FileSinkOptions = {}): AuditSink {
  return new FileSink(path, options.mode ?? 0o640, options.files ?? { open, stat });
}

class FileSink implements AuditSink {
  readonly name = 'file';
  readonly #path: string;
  readonly #mode: number;
  readonly #files: AuditFiles;
  #file: AuditFile | undefined;
  #identity: FileIdentity | undefined;
  #torn = false;

  constructor(path: string, mode: number, files: AuditFiles) {
    this.#path = path;
    this.#mode = mode;
    this.#files = files;
  }

  async write(lines: string): Promise<void> {
    for (let tries = 0; tries < 3; tries++) {
      await this.#append(lines);
      const { nlink } = await this.#file!.stat();
      if (nlink > 0) return;
    }
    throw Object.assign(new Error('the file is deleted again and again'), { code: 'ENOENT' });
  }

  async #append(lines: string): Promise<void> {
    const file = await this.#current();
    const bytes = Buffer.from(this.#torn ? `\n${lines}` : lines, 'utf8');
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await file.write(bytes, written, bytes.length - written);
        if (bytesWritten === 0) throw Object.assign(new Error('the file takes no more'), { code: 'ENOSPC' });
        written += bytesWritten;
      }
      this.#torn = false;
    } catch (error) {
      if (written > 0) this.#torn = bytes[written - 1] !== NEWLINE;
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #current(): Promise<AuditFile> {
    if (this.#file && (await this.#isInPlace())) return this.#file;
    await this.close();
    const file = await this.#files.open(this.#path, FLAGS, this.#mode);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw Object.assign(new Error('no plain file'), { code: 'EINVAL' });
      this.#identity = { ino: status.ino, dev: status.dev };
      this.#torn = status.size > 0 && !(await this.#endsLine(file, status.size));
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    return file;
  }

  async #isInPlace(): Promise<boolean> {
    try {
      const { ino, dev } = await this.#files.stat(this.#path);
      return ino === this.#identity?.ino && dev === this.#identity.dev;
    } catch {
      return false;
    }
  }

  async #endsLine(file: AuditFile, size: number): Promise<boolean> {
    const last = new Uint8Array(1);
    const { bytesRead } = await file.read(last, 0, 1, size - 1);
    return bytesRead === 0 || last[0] === NEWLINE;
  }
}
