/** Longer lines are no records of ours; only their beginning is kept. */
const MAX_LINE = 1_048_576;

const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines; memory for one line at a time. */
export class LineSplitter {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** @returns the lines that ended in this chunk, empty ones left out */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, at));
      lines.push(...this.end());
      from = at + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  /** @returns the last line, if it lacks its newline */
  end(): string[] {
    const line = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return line === '' ? [] : [line];
  }

  #keep(part: Uint8Array): void {
    const room = MAX_LINE - this.#length;
    if (part.length === 0 || room <= 0) return;
    const kept = part.subarray(0, room);
    this.#parts.push(kept);
    this.#length += kept.length;
  }
}
