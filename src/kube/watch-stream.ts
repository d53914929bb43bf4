/** The body of a watch: JSON documents, one a line. */
import type { IncomingMessage } from 'node:http';
import { networkError, ownError } from './errors.ts';
import type { WatchEvent } from './types.ts';

/** Bytes of one line at most; the server stores no object half as large. */
const MAX_LINE = 8 * 1024 * 1024;
const NEWLINE = 10;

/**
 * The events of a watch, until the server ends it.
 * @param what the request, for messages
 * @param onBytes called for any bytes
 * @throws KubeApiError NetworkError where it was cut, BadAnswer for a line that is no event, whole or not
 */
export async function* watchEvents(
  what: string,
  body: IncomingMessage,
  onBytes: (() => void) | undefined,
): AsyncGenerator<WatchEvent, void, undefined> {
  let parts: Buffer[] = [];
  let held = 0;
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((cause: unknown) => {
        throw networkError(what, cause);
      });
      if (next.done) break;
      onBytes?.();
      let rest = next.value;
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        const line = Buffer.concat([...parts, rest.subarray(0, end)]);
        parts = [];
        held = 0;
        rest = rest.subarray(end + 1);
        if (line.length > 0) yield parse(what, line);
      }
      held += rest.length;
      if (held > MAX_LINE) throw ownError(what, 'BadAnswer', `a line of more than ${MAX_LINE} bytes`);
      if (rest.length > 0) parts.push(rest);
    }
    if (held > 0) throw ownError(what, 'BadAnswer', 'the watch ended within a line');
  } finally {
    body.destroy();
  }
}

function parse(what: string, line: Buffer): WatchEvent {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    throw ownError(what, 'BadAnswer', 'a line of the watch is no JSON');
  }
  const { type, object } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof type !== 'string' || typeof object !== 'object' || object === null)
    throw ownError(what, 'BadAnswer', 'a line of the watch is no event');
  return value as WatchEvent;
}
