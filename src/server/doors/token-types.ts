import type { TokenType } from '../../exchange/types.ts';

/**
 * What names each kind of token (RFC 8693 §3). A macaroon's is a URI of ours, for no registered one exists. A delegation
 * token is a JWT, and no access token of any API.
 */
export const TYPE_URIS: Readonly<Record<TokenType, string>> = {
  macaroon: 'https://trustmint.dev/token-type/macaroon',
  access_token: 'urn:ietf:params:oauth:token-type:access_token',
  delegation: 'urn:ietf:params:oauth:token-type:jwt',
};

/** The kind that a URI, or a kind's short name, stands for. */
export function tokenTypeOf(asked: string): TokenType | undefined {
  return (Object.keys(TYPE_URIS) as TokenType[]).find((type) => asked === type || asked === TYPE_URIS[type]);
}
