/** Whether a token is an access token for this API, and what it says (RFC 9068 §4). */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

/** The token is no good for this API, whatever it asks for. */
export class InvalidToken extends Error {}

/** It cannot be judged now: the mint's keys cannot be had. Says nothing about the token. */
export class Unavailable extends Error {}

const REQUIRED = ['sub', 'client_id', 'tenant', 'iat', 'exp', 'jti'];

/**
 * @param {object} options
 * @param {string} options.issuer the mint's issuer: exactly what tokens have as `iss`
 * @param {string} options.jwksUrl where its keys are; by a name that this API reaches, which need not be the issuer's
 * @param {string} options.audience of this API: what tokens have as `aud`
 * @param {string[]} options.algorithms with which this API's tokens are signed. Never the token's choice
 * @param {() => Date} [options.now]
 * @returns {(token: string) => Promise<Caller>} throws InvalidToken or Unavailable
 *
 * @typedef {object} Caller
 * @property {string} who calls: the current actor, or without one the subject itself
 * @property {string | null} onBehalfOf the subject, where another acts for it
 * @property {string} subject whose the data is: one within its tenant only
 * @property {string} tenant
 * @property {string} client
 * @property {string[]} scopes
 */
export function createVerifier({ issuer, jwksUrl, audience, algorithms, now = () => new Date() }) {
  const published = createRemoteJWKSet(new URL(jwksUrl));
  /** Only a key set that was read and lacks the key speaks against the token. */
  const keyOf = async (header, token) => {
    try {
      return await published(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new Unavailable('the keys cannot be had', { cause: error });
    }
  };
  return async (token) => {
    try {
      const expected = { typ: 'at+jwt', issuer, audience, algorithms, requiredClaims: REQUIRED, currentDate: now() };
      const { payload } = await jwtVerify(token, keyOf, expected);
      return callerOf(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new InvalidToken('the token is not good', { cause: error });
      throw error;
    }
  };
}

function callerOf({ sub, act, client_id, tenant, scope }) {
  if (act !== undefined && !isName(act?.sub)) throw new InvalidToken('act is no actor');
  if (![sub, client_id, tenant].every(isName)) throw new InvalidToken('a claim is no text');
  return {
    // Of the actors only the outermost counts; those below it are history (RFC 8693 §4.1).
    who: act?.sub ?? sub,
    onBehalfOf: act ? sub : null,
    ...{ subject: sub, tenant, client: client_id, scopes: scopesOf(scope) },
  };
}

/** A string with spaces (RFC 9068 §2.2.3), or the array that some issuers write. */
function scopesOf(scope = []) {
  const scopes = typeof scope === 'string' ? scope.split(' ') : scope;
  if (!Array.isArray(scopes) || !scopes.every(isName)) throw new InvalidToken('scope is no list of scopes');
  return scopes;
}

function isName(value) {
  return typeof value === 'string' && value !== '';
}
