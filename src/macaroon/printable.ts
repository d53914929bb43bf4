/** Longer texts of other people's macaroons are cut. */
const MAX_SHOWN = 1024;

/** Bytes of anyone's as text that is safe to show: what is not printable ASCII stands as `\xNN`. */
export function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, MAX_SHOWN))
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return bytes.length > MAX_SHOWN ? `${text}…` : text;
}
