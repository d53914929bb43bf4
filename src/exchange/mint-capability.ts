/** A macaroon: what the policy states as the issuer's caveats, and behind them what the caller appends. */
import { formatTime, parseCaveat } from '../caveat/index.ts';
import { MacaroonError, type MintRequest, mintMacaroon } from '../macaroon/index.ts';
import type { GrantTerms } from '../policy/types.ts';
import type { Minting, MintKeys, MintOutcome } from './minting.ts';
import { type Refused, refuse, refuseRequest } from './refusals.ts';

export function mintCapability({ keyring, issuer }: MintKeys, minting: Minting): MintOutcome {
  const { terms, narrowed, now } = minting;
  const { resource, policy } = terms;
  const { kid } = keyring.active();
  const rootKey = keyring.rootKey(kid, resource.audience);
  if (!rootKey) throw new Error('the active key is in the ring');
  const issuerCaveats = placeCaveats(terms, narrowed.scopes, minting.expiresAt);
  const mint: MintRequest = {
    rootKey,
    location: issuer,
    identifier: {
      v: 1,
      kid,
      aud: resource.audience,
      jti: minting.jti,
      gid: minting.gid,
      pol: policy.uid,
      agt: minting.acting?.agent.uid ?? null,
      ten: terms.tenant,
      sub: minting.subject,
      iat: now,
      n: issuerCaveats.length,
    },
    issuerCaveats,
    appended: narrowed.appended,
  };
  const token = tryMint(mint);
  if (typeof token !== 'string') return unmintable(mint, token);
  const expiresAt = earliestExpiry(minting.expiresAt, narrowed.appended);
  if (expiresAt <= now) return overBefore(now);
  return { token, expiresAt, caveats: [...issuerCaveats, ...narrowed.appended] };
}

/** The token; or why there can be none. */
function tryMint(mint: MintRequest): string | MacaroonError {
  try {
    return mintMacaroon(mint).token;
  } catch (error) {
    if (error instanceof MacaroonError) return error;
    throw error;
  }
}

/** The request's fault if all goes well without what it appends; else that of a policy or a subject of such a size. */
function unmintable(mint: MintRequest, error: MacaroonError): Refused {
  const bare = tryMint({ ...mint, appended: [] });
  if (typeof bare !== 'string') return refuse('no_matching_policy', 'mint', bare.code, bare.message);
  return refuseRequest('invalid_request', error.code, `caveats: ${error.message}`);
}

/** A caller may append an earlier end than the issuer's; what is said of the token must be true of the whole of it. */
function earliestExpiry(issuers: number, appended: readonly string[]): number {
  let earliest = issuers;
  for (const text of appended) {
    const { key, operator, number } = parseCaveat(text);
    if (key === 'time' && operator === '<') earliest = Math.min(earliest, number!);
  }
  return earliest;
}

/** As with every caveat that no call could satisfy: a dead token would only surprise its holder. */
function overBefore(now: number): Refused {
  const message = `caveats: the token would have expired already, for it is ${formatTime(now)} here`;
  return refuseRequest('invalid_request', 'never_holds', message);
}

function placeCaveats(terms: GrantTerms, scopes: readonly string[] | undefined, expiresAt: number): string[] {
  const caveats = [`time < ${formatTime(expiresAt)}`, `aud = ${terms.resource.audience}`, `tenant = ${terms.tenant}`];
  if (scopes) caveats.push(`scope in ${scopes.join(',')}`);
  if (terms.budgetCredits !== undefined) caveats.push(`budget_credits <= ${terms.budgetCredits}`);
  for (const { key, value } of terms.caveats) caveats.push(`${key} = ${value}`);
  if (terms.label !== undefined) caveats.push(`label = ${terms.label}`);
  return caveats;
}
