export type DevIssuerErrorCode = 'not_loopback' | 'invalid_request' | 'unauthorized' | 'forbidden' | 'not_found';

/** Why the development issuer refused. The message helps whoever tries things out, and holds no token. */
export class DevIssuerError extends Error {
  override readonly name = 'DevIssuerError';
  readonly code: DevIssuerErrorCode;

  constructor(code: DevIssuerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
