import type { Agent } from '../policy/index.ts';
import type { GrantTerms } from '../policy/types.ts';
import type { Narrowed } from './narrow.ts';
import type { Refused } from './refusals.ts';
import type { EngineSettings } from './settings.ts';

/** All that is decided before it is known what the token looks like. */
export interface Minting {
  readonly terms: GrantTerms;
  readonly narrowed: Narrowed;
  readonly subject: string;
  /** Who acts for the subject, where that is a user: the registration, and the workload's own subject. */
  readonly acting?: { readonly agent: Agent; readonly actor: string };
  /** The grant's id. */
  readonly gid: string;
  /** The token's own id. */
  readonly jti: string;
  /** NumericDate, seconds. */
  readonly now: number;
  /** NumericDate, seconds. */
  readonly expiresAt: number;
}

export interface Minted {
  readonly token: string;
  /** NumericDate, seconds: not after `Minting.expiresAt`. */
  readonly expiresAt: number;
  readonly caveats: readonly string[];
  readonly clientId?: string;
}

export type MintOutcome = Minted | Refused;

/** What minting needs of the engine. */
export type MintKeys = Pick<EngineSettings, 'keyring' | 'issuer'>;
