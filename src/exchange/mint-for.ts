/** The token that a resource takes: the one place where its kind is chosen. */
import type { ServedResource } from '../policy/types.ts';
import { mintAccess } from './mint-access.ts';
import { mintCapability } from './mint-capability.ts';
import type { Minting, MintKeys, MintOutcome } from './minting.ts';
import type { TokenType } from './types.ts';

interface Kind {
  readonly type: TokenType;
  readonly mint: (keys: MintKeys, minting: Minting) => MintOutcome;
}

const KINDS: Readonly<Record<ServedResource['tokenType'], Kind>> = {
  Macaroon: { type: 'macaroon', mint: mintCapability },
  JWT: { type: 'access_token', mint: mintAccess },
};

/** What is minted for tokens of this kind, and how. */
export function mintFor(tokenType: ServedResource['tokenType']): Kind {
  return KINDS[tokenType];
}
