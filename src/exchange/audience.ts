/** Whom a token of ours says it is for: by this alone it is known who is to judge it. */
import { MAX_TOKEN_BYTES } from '../access-token/index.ts';
import { JwsError, parseJws } from '../jws/index.ts';
import { describeMacaroon, MacaroonError } from '../macaroon/index.ts';

/** The `aud` of a JWT or macaroon; undefined for anything else. Nothing of it is verified. Never throws. */
export function audienceOf(token: string): string | undefined {
  return isJwt(token) ? jwtAudience(token) : macaroonAudience(token);
}

/** No form of a macaroon has a dot. */
export function isJwt(token: string): boolean {
  return token.includes('.');
}

function jwtAudience(token: string): string | undefined {
  try {
    const { aud } = parseJws(token, { maxBytes: MAX_TOKEN_BYTES }).payload;
    return typeof aud === 'string' ? aud : undefined;
  } catch (error) {
    if (error instanceof JwsError) return undefined;
    throw error;
  }
}

function macaroonAudience(token: string): string | undefined {
  try {
    return describeMacaroon(token).identifier?.aud;
  } catch (error) {
    if (error instanceof MacaroonError) return undefined;
    throw error;
  }
}
