/** Which error each of OAuth's grants answers (RFC 6749 §5.2, RFC 7523 §3, RFC 8693 §2.2.2, RFC 8707 §2). */
import type { Door, ErrorCode, Refusal } from './types.ts';

/** OAuth's own words, beside those of ours that it has none for. */
export type OAuthCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'invalid_scope'
  | 'invalid_target'
  | 'rate_limited'
  | 'temporarily_unavailable';

type Grant = Exclude<Door, 'native'>;

/** A bad token is another error wherever it stands; and so is a good one that is granted nothing. */
const OF_GRANT: Readonly<Record<Grant, { readonly proof: OAuthCode; readonly policy: OAuthCode }>> = {
  client_credentials: { proof: 'invalid_client', policy: 'unauthorized_client' },
  jwt_bearer: { proof: 'invalid_grant', policy: 'invalid_grant' },
  token_exchange: { proof: 'invalid_request', policy: 'invalid_request' },
};

const OF_SUBJECT = { client: 'invalid_client', target: 'invalid_target', scope: 'invalid_scope' } as const;

/** What the caller of a door is told of a refusal. */
export function codeAt(door: Door, { code, about }: Pick<Refusal, 'code' | 'about'>): ErrorCode | OAuthCode {
  if (door === 'native') return code;
  if (code === 'rate_limited' || code === 'temporarily_unavailable') return code;
  if (about) return OF_SUBJECT[about];
  if (code === 'invalid_proof') return OF_GRANT[door].proof;
  return code === 'no_matching_policy' ? OF_GRANT[door].policy : 'invalid_request';
}
