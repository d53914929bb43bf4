import type { Writable } from 'node:stream';
import type { AuditSink } from './sink.ts';

/**
 * Lines to a stream, as standard output. A write is over when the stream has passed it on, so a reader that stops
 * reading holds up the queue and nothing else; when the stream fails or closes, so does every later write.
 */
export function streamSink(stream: Writable, name = 'stdout'): AuditSink {
  let failure: Error | undefined;
  // An error without a listener (EPIPE on standard output) would end the process.
  stream.on('error', (error) => {
    failure = error;
  });

  return {
    name,
    write(lines) {
      return new Promise((resolve, reject) => {
        if (failure || !stream.writable) return reject(failure ?? new Error('closed'));
        // A stream destroyed in mid-write may never call back.
        const closed = () => reject(failure ?? new Error('closed'));
        stream.once('close', closed);
        stream.write(lines, (error) => {
          stream.off('close', closed);
          if (error) reject(error);
          else resolve();
        });
      });
    },
    // The stream is its owner's, who may have more to say on it.
    close: async () => {},
  };
}
