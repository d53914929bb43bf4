/** Which URLs keys may be fetched from. */
import { isIP } from 'node:net';
import { addressKind } from './address.ts';
import { KeySourceError, printable } from './errors.ts';

const MAX_URL = 2048;

/** A URL's host without the brackets of an IPv6 literal. */
export function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

/** Whether a URL names this machine itself: `localhost` or an address of loopback, in any spelling. */
export function namesLoopback(url: URL): boolean {
  const host = hostOf(url);
  return host === 'localhost' || (isIP(host) !== 0 && addressKind(host) === 'loopback');
}

/** A URL as status and errors show it: a query may hold what is nobody's business. */
export function shownUrl(url: URL): string {
  return printable(`${url.origin}${url.pathname}`);
}

function authorityOf(text: string): string {
  return text.split('/', 3)[2] ?? '';
}

/**
 * Parses the URL of a key document.
 *
 * @param text as configured, or as an issuer's metadata states it
 * @param loopback whether it may name this machine, and then be http
 * @throws {KeySourceError} `bad_url`: not absolute, not https, with userinfo or a fragment, or naming this machine unasked
 */
export function parseKeyUrl(text: string, loopback: boolean): URL {
  const refuse = (why: string) => new KeySourceError('bad_url', `key URL ${printable(text, 80)} ${why}`);
  if (text.length > MAX_URL) throw refuse(`is longer than ${MAX_URL} characters`);
  // The parser drops tabs and newlines, and reads \ as /: what is fetched would not be what was written.
  if (!/^[!-[\]-~]+$/.test(text)) throw refuse('has characters that a URL cannot have');
  // It also mends missing and superfluous slashes.
  const url = /^[a-z]+:\/\/[^/]/i.test(text) ? URL.parse(text) : null;
  if (!url) throw refuse('is not an absolute URL');
  // `https://@host/` has an empty one, which the parser does not show.
  if (url.username || url.password || authorityOf(text).includes('@')) throw refuse('has userinfo');
  if (text.includes('#')) throw refuse('has a fragment');
  const here = namesLoopback(url);
  if (url.protocol === 'http:') {
    if (!here || !loopback) throw refuse('must be https');
  } else if (url.protocol !== 'https:') {
    throw refuse('must be https');
  }
  if (here && !loopback) throw refuse('names this machine');
  return url;
}

/**
 * Where an issuer's metadata lie: OpenID Connect Discovery 1.0 §4, which takes one terminating `/` off the issuer.
 *
 * @throws {KeySourceError} `bad_url`, also for an issuer with a query, which §3 forbids
 */
export function discoveryUrl(issuer: string, loopback: boolean): URL {
  if (issuer.includes('?')) throw new KeySourceError('bad_url', `issuer ${printable(issuer, 80)} has a query`);
  parseKeyUrl(issuer, loopback);
  const base = issuer.endsWith('/') ? issuer.slice(0, -1) : issuer;
  return parseKeyUrl(`${base}/.well-known/openid-configuration`, loopback);
}
