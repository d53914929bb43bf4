/** What counts as this very machine. Literals and `localhost` only: no name is ever resolved to find out. */
import { isIPv4 } from 'node:net';

/** Whether a listener bound to `host` can be reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || (host.startsWith('127.') && isIPv4(host));
}

/**
 * Whether a `Host` header names this machine by a literal. A page that rebound its own name to 127.0.0.1 sends that
 * name, and is caught by it.
 */
export function isLoopbackAuthority(authority: string): boolean {
  const port = authority.lastIndexOf(':');
  const bare = port > authority.lastIndexOf(']') ? authority.slice(0, port) : authority;
  return isLoopbackHost(bare === '[::1]' ? '::1' : bare.toLowerCase());
}
