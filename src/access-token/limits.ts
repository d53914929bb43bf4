/** Bytes of a token: what the strict JWS reader takes, and what fits into a header. */
export const MAX_TOKEN_BYTES = 16 * 1024;

/** Bytes of an `act` claim as JSON. */
export const MAX_ACT_BYTES = 8 * 1024;

/** How often authority may be handed on, from the first agent to the last. */
export const MAX_DELEGATIONS = 4;

/** The first actor, and one for each delegation. */
export const MAX_ACTORS = MAX_DELEGATIONS + 1;

/** Seconds that an access token lives at most. */
export const MAX_TTL = 86_400;

/** Seconds that a delegation token lives at most. */
export const MAX_DELEGATION_TTL = 600;

/** Scopes of one token, and characters of one scope. */
export const MAX_SCOPES = 64;
export const MAX_SCOPE_LENGTH = 128;
