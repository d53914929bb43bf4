/** Which issuers can be trusted at all: what is compared byte for byte must have one spelling. */

/** Whether a URL's host is this machine. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && isLoopback(url.hostname);
}

/**
 * What is wrong with an issuer (OpenID Connect Core §2, RFC 8414 §2), or undefined. A trailing `/` is part of its name
 * and kept: Auth0's and Entra v1's issuers end in one.
 *
 * @param allowLoopbackHttp whether `http` will do for this machine itself
 */
export function issuerFault(issuer: string, allowLoopbackHttp: boolean): string | undefined {
  if (!/^[\x21-\x7e]{1,2048}$/.test(issuer)) return 'must be printable ASCII without spaces';
  if (/[?#*]/.test(issuer)) return 'must have no query, no fragment and no wildcard';
  const url = /^https?:\/\//.test(issuer) ? URL.parse(issuer) : null;
  if (!url) return 'must be an https URL';
  const authority = issuer.split('/', 3)[2] ?? '';
  if (authority.includes('@')) return 'must have no userinfo';
  if (url.protocol === 'http:' && !(allowLoopbackHttp && isLoopback(url.hostname))) return 'must be https';
  if (url.hostname.endsWith('.')) return 'must not end its host with a dot';
  // Whatever the parser would mend (case, default port, dot segments, backslashes) has a second spelling.
  if (url.href !== issuer && url.href !== `${issuer}/`)
    return `must be written in its one normal form: lowercase host, no default port, no dot segments`;
  return undefined;
}
