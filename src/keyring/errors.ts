/** Stable codes of this directory. */
export type KeyRingErrorCode =
  /** An option or an input is out of range. */
  | 'invalid_option'
  /** What is stored is no key ring of a version this program reads. */
  | 'keys_damaged'
  /** Keys were created here once and are gone. New ones are never made silently over them. */
  | 'keys_lost'
  /** The keys can be read, or replaced, by others. */
  | 'keys_exposed'
  /** The stored ring is not the one this process serves. */
  | 'keys_foreign'
  /** So many keys are kept already that no more are made on demand. */
  | 'keys_full'
  /** Another writer was faster. */
  | 'keys_conflict'
  /** The store could not be asked. */
  | 'keys_unavailable';

/** No message ever holds a key or any text of the stored file. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError';
  readonly code: KeyRingErrorCode;

  constructor(code: KeyRingErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
