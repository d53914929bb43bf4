/** A macaroon as its bytes say, whoever made it and whatever its caveats mean. */

export type MacaroonFormat = 'v2' | 'v1' | 'v2-json' | 'v1-json';

export interface RawCaveat {
  readonly id: Uint8Array;
  /** Only a third-party caveat has one. */
  readonly vid?: Uint8Array;
  /** Only a third-party caveat has one. Not authenticated. */
  readonly location?: string;
}

export interface RawMacaroon {
  readonly format: MacaroonFormat;
  /** A hint; not authenticated. Never empty. */
  readonly location?: string;
  readonly identifier: Uint8Array;
  readonly caveats: readonly RawCaveat[];
  /** 32 bytes: a live credential. */
  readonly signature: Uint8Array;
}

export const SIGNATURE_BYTES = 32;
/** Of the keys that we mint and verify with. */
export const ROOT_KEY_BYTES = 32;
