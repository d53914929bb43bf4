import { RESERVED_CLIENT_PREFIXES } from '../api/v1alpha1/index.ts';

/**
 * Why a rule's client id cannot be (RFC 9068 §5, RFC 9700 §4.15: a client must not be confusable with a subject), or
 * undefined.
 *
 * @param text rendered; or as much of it as stands before the first template
 */
export function clientIdFault(text: string): string | undefined {
  const prefix = RESERVED_CLIENT_PREFIXES.find((one) => text.startsWith(one));
  return prefix === undefined ? undefined : `a client id does not begin with ${prefix}, as subjects do`;
}
