/** Stable. What the verifier refuses before it looks at the call has the same words (`FailureReason`). */
export type MacaroonErrorCode =
  /** No macaroon, or not exactly one. */
  | 'malformed'
  /** A cap is exceeded: bytes of the token, of a caveat, or the number of caveats. */
  | 'too_large'
  | 'third_party'
  /** The identifier is not one of ours, or does not agree with the issuer's caveats. */
  | 'identifier'
  /** The issuer's caveats lack an expiry, an audience or a tenant. */
  | 'unbounded'
  /** A caveat is none of the language's, or stands where it may not. `cause` is the CaveatError. */
  | 'caveat'
  /** An appended caveat that no call can satisfy: it disagrees with what the issuer states. */
  | 'never_holds'
  | 'key';

/** The message names what is wrong, never a byte of the token, its signature or a key. */
export class MacaroonError extends Error {
  readonly code: MacaroonErrorCode;

  constructor(code: MacaroonErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MacaroonError';
    this.code = code;
  }
}
