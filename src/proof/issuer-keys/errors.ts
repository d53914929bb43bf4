/** Why an issuer's keys could not be had. Stable; shown in status and in metrics, never to a caller. */
export type KeySourceErrorCode =
  | 'bad_url'
  | 'address_refused'
  | 'unresolvable'
  | 'unreachable'
  | 'timeout'
  | 'closed'
  | 'bad_redirect'
  | 'bad_status'
  | 'bad_content_type'
  | 'encoded_body'
  | 'too_large'
  | 'not_json'
  | 'bad_metadata'
  | 'issuer_mismatch'
  | 'bad_keys'
  | 'older_bundle'
  | 'gone'
  | 'not_available';

/** The message is fit for an operator: what others wrote stands in it only through {@link printable}. */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError';
  readonly code: KeySourceErrorCode;

  constructor(code: KeySourceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Text of others, fit to be shown: printable ASCII, capped. */
export function printable(text: string, max = 200): string {
  const clean = text.slice(0, max).replace(/[^ -~]/g, '?');
  return text.length > max ? `${clean}…` : clean;
}
