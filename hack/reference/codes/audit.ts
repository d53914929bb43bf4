/** Why an exchange was refused, as its audit record says. */
import type { AccessTokenErrorCode, TokenFailure } from '../../../src/access-token/index.ts';
import type { EngineReason } from '../../../src/exchange/denial-reasons.ts';
import type { MacaroonErrorCode } from '../../../src/macaroon/index.ts';
import type { DenyReason } from '../../../src/policy/types.ts';
import type { ProofErrorCode } from '../../../src/proof/types.ts';
import type { RevocationTarget } from '../../../src/revocation/index.ts';

type Words<Code extends string> = Readonly<Record<Code, string>>;

export const PROOF: Words<ProofErrorCode> = {
  too_large: 'over 16 KiB',
  malformed: 'no compact JWS (RFC 7515)',
  header: 'a header member that is not allowed',
  algorithm: 'an algorithm that the policy does not take',
  token_type: '`typ` says that it is something else',
  claims: 'a claim is missing, of another type, or disagrees with another',
  unknown_issuer: 'no policy trusts its `iss`, or its trust domain',
  no_expiry: 'no `exp`',
  expired: 'it is over: the workload read its token file once and kept it, say',
  not_yet_valid: '`nbf` or `iat` is still to come: look at the clocks',
  lifetime: 'it lives longer than 24 h',
  wrong_audience: 'no policy of its issuer has its audience, or the API server or AWS takes it too',
  legacy_token: "a service account's token of a Secret",
  interactive_token: "a person's, not a workload's",
  unknown_kid: "none of the issuer's keys has its `kid`",
  signature: 'no key of the issuer made it',
  subject_mismatch: '`kubernetes.io` or GitHub claims disagree with `sub`',
  token_review_refused: 'the API server says that the pod or account is gone',
  keys_unavailable: "the issuer's keys cannot be had",
  token_review_unavailable: 'the API server cannot be asked',
};

export const POLICY: Words<DenyReason> = {
  no_rule: 'no rule matches: another namespace, ref, resource…',
  wrong_audience: 'rules match, and none is of a policy with this audience',
  namespace_not_watched: 'an account of a namespace that is none of `--watch-namespaces`',
  denied_by_rule: 'a rule says `deny: true`',
  policy_suspended: 'the policy that matches is Suspended',
  policy_revoked: 'the policy that matches is Revoked',
  unknown_resource: 'no such resource',
  resource_mismatch: 'the request names two resources',
  template_failed: 'a claim that a template reads is missing, or gives what may not stand there',
  nothing_left: "the rule, or the registration, gives none of the resource's scopes, or no resource that is served",
};

export const ENGINE: Words<EngineReason> = {
  stale: 'the view is older than `--max-staleness`',
  clock: "this replica's clock is too far from the API server's",
  proof_too_old: 'the proof is older than `maxProofAge`',
  no_instance: '`budgetPer: Instance`, and the proof names none',
  not_enforceable: 'a budget or caveats for a token that is a JWT',
  no_signing_key: 'the active key signs nothing by that algorithm yet',
  several_audiences: "a client assertion has an audience beside the policy's",
  no_svid: 'said to be a JWT-SVID, and is none',
  not_the_client: 'the client and the proof are of two workloads',
  no_registration: 'the rule acts for a user, and the workload is not registered',
  agent_suspended: 'the registration is Suspended',
  agent_revoked: 'the registration is Revoked, or what it would be given is dead already',
  agent_expired: 'the registration is over',
  agent_duplicate: 'two registrations are of this identity',
  agent_mismatch: 'the registration says another tenant, user, type or pod',
  other_tenant: 'what was delegated is of another tenant',
  not_delegable: 'the rule, or the request, lets nothing be handed on',
  exceeds_delegation: 'more than was delegated',
  ancestor_policy: 'a policy that it was delegated by is not active',
  ancestor_agent: 'an agent that delegated it is not active',
};

export const MINTING: Words<MacaroonErrorCode | AccessTokenErrorCode> = {
  malformed: 'no macaroon, or not exactly one',
  too_large: 'the token would be too large',
  third_party: 'a third-party caveat',
  identifier: "the identifier is none of ours, or disagrees with the issuer's caveats",
  unbounded: 'no expiry, audience or tenant',
  caveat: 'a caveat cannot be read, or stands where it may not',
  never_holds: 'an appended caveat that no call could satisfy',
  key: 'a key of the wrong length',
  claims: 'a claim of the token would be out of bounds',
  cycle: 'the actor acted before, or is the subject',
  too_deep: 'handed on too often, or for too long',
  may_act: '`may_act` cannot be read, or names another actor',
  scope: 'more than was delegated, or nothing that was',
  client_id: "the client id in the request is another's",
};

/** With `subject_` before it: of the delegation token that was presented. */
export const SUBJECT: Words<TokenFailure> = {
  malformed: 'no compact JWS',
  too_large: 'over 8 KiB',
  token_type: 'an access token, or another kind',
  unknown_key: 'none of our keys',
  signature: 'our key did not make it',
  claims: 'a claim is missing or out of bounds',
  other_issuer: "another mint's",
  other_resource: 'its audience is not our issuer',
  expired: 'it is over',
};

/** With `_revoked` behind it: what would be minted, or what was delegated, is dead by a revocation of this kind. */
export const REVOKED: Words<RevocationTarget> = {
  token: 'by its jti',
  derivedFrom: 'by what it was made from',
  grant: 'by its grant',
  agent: "by its agent's registration",
  policy: 'by its policy',
};
