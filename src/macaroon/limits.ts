/** Caps that hold before anything is parsed (MA-4), and on whatever is minted. */

/** Of the token as text, whatever its format. */
export const MAX_TOKEN_BYTES = 8192;
export const MAX_CAVEATS = 64;
/** Of each field of a caveat. */
export { MAX_CAVEAT_BYTES } from '../caveat/index.ts';
