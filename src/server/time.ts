/** A NumericDate (seconds) as RFC 3339 in UTC, whole seconds. */
export function rfc3339(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
