import type { Delegated } from '../access-token/index.ts';
import type { Agent } from '../policy/index.ts';
import type { GrantTerms } from '../policy/types.ts';
import type { HandingOn } from './handing-on.ts';
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
  /** What a JWT says its client is. */
  readonly clientId: string;
  readonly handing: HandingOn;
  /** What is handed to it, where something is: it then takes the place of `subject` and the scopes. */
  readonly delegated?: Delegated;
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
}

export type MintOutcome = Minted | Refused;

/** What minting needs of the engine. */
export type MintKeys = Pick<EngineSettings, 'keyring' | 'issuer'>;
