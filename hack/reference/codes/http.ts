/** What HTTP requests are answered. */
import { type HttpErrorCode, statusOf } from '../../../src/server/errors.ts';
import { code, table } from '../markdown.ts';

const ABOUT: Readonly<Record<HttpErrorCode, string>> = {
  invalid_request: 'cannot be read; the description says what would be right',
  invalid_grant: '[OAuth](../oauth.md#errors): the assertion was rejected, or grants nothing',
  invalid_scope: 'OAuth: a scope that nobody has, or more than may be had',
  invalid_target: 'OAuth: no such resource, or several',
  unauthorized_client: 'OAuth: no rule grants this to the client',
  unsupported_grant_type: 'OAuth',
  unsupported_response_type: 'OAuth: there is no grant for browsers',
  invalid_client: "OAuth: the client assertion was rejected, there is none, or the `client_id` is another's",
  invalid_proof: 'no proof, or it was rejected: signature, issuer, expiry, audience, age',
  unauthorized: 'the bearer token of verifiers or admins is missing or wrong',
  no_matching_policy: 'no rule, a deny, a suspended or revoked policy, no such resource',
  exceeds_policy: 'more than the rule gives',
  forbidden: 'a loopback route asked through a browser or proxy',
  not_found: 'no such route or resource',
  method_not_allowed: 'with `Allow`',
  conflict: '[`/api/agents`](../agents.md#orchestrators): another agent has that name',
  request_timeout: 'the request did not come in time',
  request_too_large: 'over 32 KiB',
  expectation_failed: 'an `Expect` header',
  rate_limited: 'with `Retry-After`',
  headers_too_large: 'over 16 KiB',
  server_error: 'a fault of ours; in the log by the correlation id',
  temporarily_unavailable:
    "with `Retry-After`: the issuer's keys, the policies or the audit log cannot be had. Try again; the proof may be good",
};

export function httpCodes(): string {
  const codes = Object.keys(ABOUT) as HttpErrorCode[];
  const rows = codes
    .sort((a, b) => statusOf(a) - statusOf(b) || a.localeCompare(b))
    .map((one) => [code(one), String(statusOf(one)), ABOUT[one]]);
  return table(['code', 'status', ''], rows);
}
