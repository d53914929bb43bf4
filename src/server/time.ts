let latest = { seconds: Number.NaN, text: '' };

/** A NumericDate (seconds) as RFC 3339 in UTC, whole seconds. Tokens of one second and ttl have one expiry. */
export function rfc3339(seconds: number): string {
  if (latest.seconds !== seconds) latest = { seconds, text: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` };
  return latest.text;
}
