/** Durations as policies write them. */

const PATTERN = /^(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?$/;

/**
 * Reads a Go-style duration of whole hours, minutes and seconds, as `8h`, `90m` or `1h30m`.
 *
 * @returns whole seconds, or undefined for anything else
 */
export function parseDuration(text: string): number | undefined {
  if (text.length < 2 || text.length > 20) return undefined;
  const found = PATTERN.exec(text);
  if (!found) return undefined;
  return Number(found[1] ?? 0) * 3600 + Number(found[2] ?? 0) * 60 + Number(found[3] ?? 0);
}
