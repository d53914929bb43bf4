/** What every request carries from the moment it arrives: its ids, its peer, and the listener it came to. */
import type { IncomingMessage } from 'node:http';

/** A listener's phase, read when an answer is written. */
export interface Lifecycle {
  draining: boolean;
}

export interface RequestContext {
  /** 32 hexadecimal digits, ours. */
  readonly correlationId: string;
  /** What the caller sent as its own id: at most 128 visible ASCII characters. Recorded, never trusted. */
  readonly callerId: string | undefined;
  /** The socket's address; no header changes it. */
  readonly peer: string;
  readonly lifecycle: Lifecycle;
}

const CALLER_ID_LENGTH = 128;

/** Reads the ids and the peer of a request that just arrived. */
export function contextOf(req: IncomingMessage, correlationId: string, lifecycle: Lifecycle): RequestContext {
  const sent = req.headers['x-correlation-id'] ?? req.headers['x-request-id'];
  const address = req.socket.remoteAddress ?? '';
  return {
    correlationId,
    callerId: typeof sent === 'string' ? visible(sent) : undefined,
    peer: address.startsWith('::ffff:') ? address.slice(7) : address,
    lifecycle,
  };
}

function visible(text: string): string | undefined {
  const kept = text.slice(0, CALLER_ID_LENGTH).replace(/[^\x21-\x7e]/g, '');
  return kept === '' ? undefined : kept;
}
