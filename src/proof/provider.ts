import type { Anchor, Claims, VerifiedIdentity } from '../identity.ts';
import type { CommonClaims } from './claims.ts';

/** What a provider makes of claims whose form is common to all. */
export type ProviderReading = Pick<VerifiedIdentity, 'attributes' | 'holder'>;

/** @throws ProofError if the claims are not what the provider writes */
export type ReadProvider = (claims: Claims, common: CommonClaims, anchor: Anchor) => ProviderReading;

/** Attributes by the names policies use; an absent or empty value is left out. */
export function attributes(values: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(values)) if (value) map.set(name, value);
  return map;
}
