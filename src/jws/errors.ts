/** Why a token, key or key set was refused. Never carries any of it. */
export type JwsErrorCode =
  | 'too_large'
  | 'not_compact'
  | 'json_serialization'
  | 'encrypted'
  | 'base64url'
  | 'utf8'
  | 'json'
  | 'not_an_object'
  | 'duplicate_member'
  | 'too_deep'
  | 'kid'
  | 'typ'
  | 'algorithm_missing'
  | 'algorithm_none'
  | 'algorithm_symmetric'
  | 'algorithm_not_allowed'
  | 'header_jku'
  | 'header_x5u'
  | 'header_jwk'
  | 'header_x5c'
  | 'header_crit'
  | 'header_b64'
  | 'header_zip'
  | 'header_enc'
  | 'header_nonce'
  | 'header_unknown'
  | 'no_key'
  | 'signature'
  | 'key_set';

export class JwsError extends Error {
  readonly code: JwsErrorCode;

  constructor(code: JwsErrorCode, message: string) {
    super(message);
    this.name = 'JwsError';
    this.code = code;
  }
}
