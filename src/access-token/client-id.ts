/** Which `client_id` a token gets (RFC 9068 §2.2, RFC 9700 §4.15). There are no client secrets: the proof is the client. */
import { AccessTokenError } from './errors.ts';

export interface ClientIdSource {
  /** Of the agent's registration. */
  readonly agentType?: string;
  /** What the rule says, rendered. */
  readonly ruled?: string;
  readonly policy: { readonly namespace?: string; readonly name: string };
  readonly rule: string;
}

/** The registration's agent type, else the rule's `clientId`, else `trustmint:<namespace or ->/<policy>/<rule>`. */
export function clientIdOf({ agentType, ruled, policy, rule }: ClientIdSource): string {
  return agentType ?? ruled ?? `trustmint:${policy.namespace ?? '-'}/${policy.name}/${rule}`;
}

/**
 * Checks the `client_id` that a request states: it can only confirm the client's own, or be the proof's `sub`, which is
 * what OAuth's own client assertions call the client (RFC 7523 §3). The token says `clientId` either way.
 *
 * @param asked absent: none was stated
 * @param proofSubject `sub` of the proof, as its issuer wrote it
 * @throws AccessTokenError `client_id`: OAuth's `invalid_client`
 */
export function checkClientId(clientId: string, asked: string | undefined, proofSubject: string): void {
  if (asked === undefined || asked === clientId || asked === proofSubject) return;
  throw new AccessTokenError('client_id', 'client_id is neither the client of the proof nor the subject of it');
}
