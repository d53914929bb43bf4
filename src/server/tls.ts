/** The certificate and its key; of files, read again when they change: bad new ones never replace good old ones. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Clock, TimerHandle } from '../clock.ts';
import { ServerError } from './errors.ts';
import type { CertificatePair, CertificateSource, Log, TlsFiles } from './types.ts';

/** What a TLS server is given: PEM texts if it has some yet, and the oldest version it speaks. */
export interface SecureContext extends Partial<CertificatePair> {
  readonly minVersion: 'TLSv1.2';
}

export const secured = (pair?: CertificatePair): SecureContext => ({ ...pair, minVersion: 'TLSv1.2' });

/** When the first certificate of a chain ends, in epoch seconds. */
export function expiryOf({ cert }: CertificatePair): number {
  return Date.parse(new X509Certificate(cert).validTo) / 1000;
}

/** Files as a source; what is one stays what it is. @throws ServerError `tls_files` */
export function sourceOf(
  tls: TlsFiles | CertificateSource,
  settings: { readonly clock: Clock; readonly log: Log; readonly everyMs: number },
): CertificateSource {
  if ('follow' in tls) return tls;
  const loaded = loadTls(tls);
  return { current: () => loaded, follow: (changed) => watchTls(tls, loaded, settings, changed) };
}

/**
 * Reads both files and checks that they belong together.
 * @param held what is in use: if the files still hold it, it is returned as it is
 * @throws ServerError `tls_files`; the message names the files and never quotes them
 */
export function loadTls(files: TlsFiles, held?: CertificatePair): CertificatePair {
  try {
    const cert = readFileSync(files.certFile, 'utf8');
    const key = readFileSync(files.keyFile, 'utf8');
    if (held && held.cert === cert && held.key === key) return held;
    createSecureContext({ cert, key });
    return { cert, key };
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
  loaded: CertificatePair,
  { clock, log, everyMs }: { readonly clock: Clock; readonly log: Log; readonly everyMs: number },
  replace: (pair: CertificatePair) => void,
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
