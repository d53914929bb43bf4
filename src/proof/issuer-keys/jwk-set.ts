import { importJwkSet } from '../../jws/index.ts';

/** Whether the text is a JWK Set at all, be it without a key that can be used. */
export function isJwkSet(text: string): boolean {
  try {
    importJwkSet(text);
    return true;
  } catch {
    return false;
  }
}
