/** Why a token is not made. Never carries any of what was asked for. */
export type AccessTokenErrorCode =
  /** A claim is missing, of another type, or out of bounds. */
  | 'claims'
  | 'too_large'
  /** The actor is in the chain already, or is its subject. */
  | 'cycle'
  /** Delegated too often, or longer than a delegation may be. */
  | 'too_deep'
  /** `may_act` cannot be read, or names another actor. */
  | 'may_act'
  /** More than was delegated, or nothing that was. */
  | 'scope'
  /** The client id that was asked for is another's. */
  | 'client_id';

export class AccessTokenError extends Error {
  readonly code: AccessTokenErrorCode;

  constructor(code: AccessTokenErrorCode, message: string) {
    super(message);
    this.name = 'AccessTokenError';
    this.code = code;
  }
}
