/** docs/reference/codes.md: every stable code, by who says it. */
import { CAVEAT_CODES, CAVEAT_DENIALS } from '../caveats.ts';
import { explained, GENERATED } from '../markdown.ts';
import { ENGINE, MINTING, POLICY, PROOF, REVOKED, SUBJECT } from './audit.ts';
import { httpCodes } from './http.ts';
import * as programs from './programs.ts';
import { CONDITIONS, ERRORS, EVENTS, OBJECTS, REVOCATIONS, WARNINGS } from './status.ts';
import { VERIFY } from './verify.ts';

export { unexplained } from './scattered.ts';

const around = (words: Readonly<Record<string, string>>, before: string, after = '') =>
  Object.fromEntries(Object.entries(words).map(([word, about]) => [`${before}${word}${after}`, about]));

export function codesPage(): string {
  return `${GENERATED}
# Codes

Codes are stable: programs may depend on them. What stands beside them is for people.

## HTTP

\`{"error": code, "error_description": …, "correlation_id": …}\`. A caller learns how far the request came, never the policy: the reason is in the audit record.

${httpCodes()}

## Reasons in audit records

Of a refusal: \`reason\`, by its \`stage\`. [The record](../operations.md#audit).

The proof, or a client's assertion:

${explained({ ...PROOF, ...ENGINE }, 'reason')}

The policy:

${explained(POLICY, 'reason')}

What was delegated, and what is revoked:

${explained({ ...around(SUBJECT, 'subject_'), ...around(REVOKED, '', '_revoked') }, 'reason')}

What would be minted:

${explained(MINTING, 'reason')}

At stage \`request\` and \`limit\` the reason may also be the code that was answered.

## Why a token is not active

\`reason\` of [\`POST /api/mint/verify\`](../api.md#post-apimintverify):

${explained({ ...VERIFY, ...CAVEAT_DENIALS }, 'reason')}

Of a caveat that cannot be read:

${explained(CAVEAT_CODES, 'reason')}

## Reasons of conditions

[Which conditions there are](../policies.md#status). A condition that is False has the code of the first problem as its reason; others are:

${explained(CONDITIONS, 'reason')}

Of registrations, and of what policies refer to:

${explained(OBJECTS, 'reason')}

Of TokenRevocations:

${explained(REVOCATIONS, 'reason')}

## Reasons of Events

${explained(EVENTS, 'reason')}

## Problems of policies

What \`trustmint policy lint\` prints, \`/policies\` shows, and conditions have as their reason. Errors are not served:

${explained(ERRORS)}

Warnings are:

${explained(WARNINGS)}

## Manifests

${explained(programs.MANIFESTS)}

## The command line

\`trustmint: message (code)\`, and exit code 1. Beside these a command ends with the code that a mint or the API server answered:

${explained(programs.COMMANDS)}

A server that cannot start:

${explained(programs.STARTING)}

The data directory and keys:

${explained({ ...programs.DIRECTORY, ...programs.KEYS })}

The API server: its own reasons (\`Forbidden\`, \`NotFound\`…), or

${explained({ ...programs.CLIENT, ...programs.OPERATOR })}

The audit log:

${explained(programs.AUDIT)}

The development issuer:

${explained(programs.DEV_ISSUER)}

## Issuers

Why the newest fetch of an issuer's keys failed, in \`/policies\`:

${explained(programs.ISSUERS)}

## Watching a cluster

Why a kind is not watched, in \`/readyz\` and the log:

${explained(programs.WATCH)}
`;
}
