/** The certificate and its key, read again when the files change; bad new files never replace good old ones. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Clock, TimerHandle } from '../clock.ts';
import { ServerError } from './errors.ts';
import type { Log, TlsFiles } from './types.ts';

/** What a TLS server is given: PEM texts, and the oldest version it speaks. */
export interface SecureContext {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
}

/**
 * Reads both files and checks that they belong together.
 * @param held what is in use: if the files still hold it, it is returned as it is
 * @throws ServerError `tls_files`; the message names the files and never quotes them
 */
export function loadTls(files: TlsFiles, held?: SecureContext): SecureContext {
  try {
    const cert = readFileSync(files.certFile, 'utf8');
    const key = readFileSync(files.keyFile, 'utf8');
    if (held && held.cert === cert && held.key === key) return held;
    const context: SecureContext = { cert, key, minVersion: 'TLSv1.2' };
    createSecureContext(context);
    return context;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new ServerError(
      'tls_files',
      `${files.certFile} and ${files.keyFile} are not a certificate and its key${code}`,
    );
  }
}

/**
 * Looks at the files every `everyMs` milliseconds and hands a changed, valid pair to `replace`. They are compared by
 * content, since a mounted Secret is swapped by a link and a file may be rewritten with its old times.
 * @returns stops looking
 */
export function watchTls(
  files: TlsFiles,
  loaded: SecureContext,
  { clock, log, everyMs }: { readonly clock: Clock; readonly log: Log; readonly everyMs: number },
  replace: (context: SecureContext) => void,
): () => void {
  let current = loaded;
  let complaint = '';
  let timer: TimerHandle;
  const look = () => {
    timer = clock.setTimer(look, everyMs);
    try {
      const next = loadTls(files, current);
      complaint = '';
      if (next === current) return;
      replace(next);
      current = next;
      log('info', 'the TLS certificate was reloaded', { file: files.certFile });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : 'unreadable';
      // Once per fault: the files may stay bad for hours.
      if (message !== complaint)
        log('error', 'the new TLS files are not usable; the old ones stay', { reason: message });
      complaint = message;
    }
  };
  timer = clock.setTimer(look, everyMs);
  return () => timer.cancel();
}
