/** Text that others wrote, made fit for a message. */

/** The text as JSON, cut to `limit` characters, everything but printable ASCII escaped. */
export function shown(value: unknown, limit = 256): string {
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, limit)) : (JSON.stringify(value) ?? '');
  let out = '';
  for (const char of text.slice(0, limit)) {
    const code = char.codePointAt(0)!;
    out += code >= 0x20 && code < 0x7f ? char : `\\u{${code.toString(16)}}`;
  }
  return text.length > limit ? `${out}…` : out;
}

/** Orders strings by their code units: the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
