/** Why a text is no caveat. Stable: the command line and the native door show it. */
export type CaveatErrorCode =
  | 'caveat_too_long'
  | 'caveat_character'
  | 'caveat_form'
  | 'caveat_key'
  | 'caveat_operator'
  | 'caveat_value';

/** A text that is no caveat of ours. The message names the part that is wrong, never the text itself. */
export class CaveatError extends Error {
  readonly code: CaveatErrorCode;

  constructor(code: CaveatErrorCode, message: string) {
    super(message);
    this.name = 'CaveatError';
    this.code = code;
  }
}
