/** Why an exchange was refused, as the audit record says it. The reference explains each. */
import type { AccessTokenErrorCode, TokenFailure } from '../access-token/index.ts';
import type { MacaroonErrorCode } from '../macaroon/index.ts';
import type { DenyReason } from '../policy/types.ts';
import type { ProofErrorCode } from '../proof/types.ts';
import type { RevocationTarget } from '../revocation/index.ts';
import type { ErrorCode } from './types.ts';

/** The engine's own, beside those of a proof that does not verify, and of policies that do not grant. */
export type EngineReason =
  | 'stale'
  | 'clock'
  | 'proof_too_old'
  | 'no_instance'
  | 'not_enforceable'
  | 'no_signing_key'
  | 'several_audiences'
  | 'no_svid'
  | 'not_the_client'
  | 'no_registration'
  | 'agent_suspended'
  | 'agent_revoked'
  | 'agent_expired'
  | 'agent_duplicate'
  | 'agent_mismatch'
  | 'other_tenant'
  | 'not_delegable'
  | 'exceeds_delegation'
  | 'ancestor_policy'
  | 'ancestor_agent';

/** Stable, snake_case. */
export type DenialReason =
  | EngineReason
  | ProofErrorCode
  | DenyReason
  | MacaroonErrorCode
  | AccessTokenErrorCode
  | `subject_${TokenFailure}`
  | `${RevocationTarget}_revoked`
  | ErrorCode;
