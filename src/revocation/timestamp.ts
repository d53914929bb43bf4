const PATTERN = /^(\d{4})-(\d{2})-(\d{2})[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** NumericDate seconds of the last moment that RFC 3339 can write: as good as never. */
export const LATEST = 253_402_300_799;

/** @returns NumericDate seconds, fractions dropped; undefined for what is no RFC 3339 §5.6 date-time */
export function parseTimestamp(text: string): number | undefined {
  if (text.length > 64) return undefined;
  const parts = PATTERN.exec(text);
  if (!parts) return undefined;
  // Date.parse takes 30 February for 2 March.
  const daysInMonth = new Date(Date.UTC(Number(parts[1]), Number(parts[2]), 0)).getUTCDate();
  if (Number(parts[3]) > daysInMonth) return undefined;
  const ms = Date.parse(text.toUpperCase());
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
