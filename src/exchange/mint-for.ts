/** The token that a resource takes: the one place where its kind is chosen. */
import type { ServedResource } from '../policy/types.ts';
import { mintAccess } from './mint-access.ts';
import { mintCapability } from './mint-capability.ts';
import { mintHandover } from './mint-delegation.ts';
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

const HANDOVER: Kind = { type: 'delegation', mint: mintHandover };

/** What is minted for tokens of this kind, or to hand them on, and how. */
export function mintFor(tokenType: ServedResource['tokenType'], isHandedOn: boolean): Kind {
  return isHandedOn ? HANDOVER : KINDS[tokenType];
}
