/** The limits that hold where the installation says nothing. */
import type { Limits } from './types.ts';

const DEFAULTS: Limits = {
  bodyBytes: 32 * 1024,
  headerBytes: 16 * 1024,
  headersMs: 5_000,
  requestMs: 10_000,
  keepAliveMs: 65_000,
  idleMs: 60_000,
  connections: 10_000,
  requestsPerSocket: 0,
  lagMs: 5_000,
  tlsPollMs: 5_000,
};

/** The defaults with what `given` says instead. */
export function withDefaults(given: Partial<Limits> = {}): Limits {
  return { ...DEFAULTS, ...given };
}

/** Beyond this many bytes of a refused body the connection is cut: until then it is read so that the refusal arrives. */
export const LINGER_BYTES = 1024 * 1024;
