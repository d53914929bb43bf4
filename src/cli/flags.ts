/** Parsing of flag values, each with an error that says what would have been right. */
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../policy/index.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `:port` (every address) or `[v6]:port`; port 0 picks a free one. */
export function listenAddress(value: string): ListenAddress {
  const colon = value.lastIndexOf(':');
  const port = Number(value.slice(colon + 1));
  const digits = /^[0-9]{1,5}$/.test(value.slice(colon + 1));
  if (colon < 0 || !digits || port > 65_535) throw new InvalidArgumentError('give host:port, as 127.0.0.1:8443');
  const host = value.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host: host === '' ? '::' : host, port };
}

/** A duration as in policies (`8h`, `10m`), in seconds. */
export function durationSeconds(value: string): number {
  const seconds = parseDuration(value);
  if (seconds === undefined || seconds <= 0) throw new InvalidArgumentError('give a duration, as 10m or 8h');
  return seconds;
}

const FIVE_MINUTES = 300;

/** A wait of at most 5 min, or none. */
export function wait(value: string): number {
  const seconds = parseDuration(value);
  if (seconds === undefined || seconds > FIVE_MINUTES) throw new InvalidArgumentError('give 0s to 5m');
  return seconds;
}

const DAY = 86_400;

/** A duration of at most 24 h: no token lives longer, whoever asks. */
export function tokenLife(value: string): number {
  const seconds = durationSeconds(value);
  if (seconds < 60 || seconds > DAY) throw new InvalidArgumentError('give a duration from 1m to 24h');
  return seconds;
}

const HALF_AN_HOUR = 1_800;

/** A duration of at most 30 min: verifying stops then, and who may not verify should not grant. */
export function staleness(value: string): number {
  const seconds = durationSeconds(value);
  if (seconds > HALF_AN_HOUR)
    throw new InvalidArgumentError('give at most 30m: verifying stops then, whatever this says');
  return seconds;
}

/** A duration of at least 24 h: what is revoked is remembered as long as any token may live. */
export function atLeastADay(value: string): number {
  const seconds = durationSeconds(value);
  if (seconds < DAY) throw new InvalidArgumentError('give at least 24h: a token may live that long');
  return seconds;
}

/** How long a key signs. It is published an hour before, and two at once would be one too many. */
export function keyLife(value: string): number {
  const seconds = durationSeconds(value);
  if (seconds < 7200) throw new InvalidArgumentError('give at least 2h: a key is published an hour before it signs');
  return seconds;
}

/** A tenant: what a policy could write, too. */
export function tenantName(value: string): string {
  if (!/^[A-Za-z0-9._:/@+-]{1,128}$/.test(value)) {
    throw new InvalidArgumentError('give 1 to 128 of A-Z a-z 0-9 . _ : / @ + -');
  }
  return value;
}

/** An audience: printable ASCII without spaces at its ends, for it stands in a caveat. */
export function audienceName(value: string): string {
  if (value.length > 512 || !/^[!-~]([ -~]*[!-~])?$/.test(value)) {
    throw new InvalidArgumentError('give 1 to 512 printable ASCII characters, no space at either end');
  }
  return value;
}

/** Where a mint answers. */
export function mintUrl(value: string): string {
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? '')) {
    throw new InvalidArgumentError('give a URL, as https://mint.example.com');
  }
  return value;
}

/** Where a credential is sent: what issuers are held to, for else anybody on the way would have it. */
export function credentialUrl(value: string): string {
  const { protocol, hostname } = new URL(mintUrl(value));
  if (protocol === 'http:' && !isLoopback(hostname) && !isClusterLocal(hostname)) {
    throw new InvalidArgumentError('give an https URL; http is only for loopback and cluster-local names');
  }
  return value;
}

/** A flag that means one thing, and would silently be the last of several. */
export function once(value: string, before: string | undefined): string {
  if (before !== undefined) throw new InvalidArgumentError('give it once: an exchange is for one resource');
  return value;
}

/** Gathers a flag that may be given several times. */
export function gathered(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

export interface RateFlag {
  readonly perSecond: number;
  readonly burst: number;
}

/** `20` or `20,100`: tokens a second, and burst (default five seconds' worth). */
export function rate(value: string): RateFlag {
  const parts = value.split(',');
  const [perSecond = 0, burst = perSecond * 5] = parts.map(Number);
  const whole = parts.length <= 2 && [perSecond, burst].every((n) => Number.isInteger(n) && n > 0);
  if (!whole) throw new InvalidArgumentError('give tokens a second and burst, as 20,100');
  return { perSecond, burst };
}

/** A whole number of at least 0. */
export function wholeNumber(value: string): number {
  const number = Number(value);
  if (!/^[0-9]{1,16}$/.test(value) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError('give a whole number');
  }
  return number;
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_NAMES = 32;
const MAX_NAMESPACES = 100;

/** DNS names separated by commas, in lower case (RFC 1123 §2.1; RFC 4343: the case does not count). */
export function dnsNames(value: string): string[] {
  const names = [...new Set(value.split(',').map((one) => one.trim().toLowerCase()))];
  const isName = (name: string) => name.length <= 253 && name.split('.').every((label) => LABEL.test(label));
  // The last label of an IPv4 address is a number, of a name it is not.
  if (names.length > MAX_NAMES || !names.every((name) => isName(name) && !/(^|\.)[0-9]+$/.test(name)))
    throw new InvalidArgumentError(`give at most ${MAX_NAMES} DNS names, as trustmint.trustmint-system.svc,localhost`);
  return names;
}

/** Names of namespaces separated by commas. */
export function namespaceNames(value: string): string[] {
  const names = [...new Set(value.split(',').map((one) => one.trim()))];
  if (names.length > MAX_NAMESPACES || !names.every((name) => LABEL.test(name)))
    throw new InvalidArgumentError(`give at most ${MAX_NAMESPACES} namespaces, as team-a,team-b`);
  return names;
}

/** The name of a Secret or ConfigMap (RFC 1123 subdomain). */
export function objectName(value: string): string {
  if (value.length > 253 || !value.split('.').every((label) => LABEL.test(label)))
    throw new InvalidArgumentError('give the name of an object, as trustmint-tls');
  return value;
}

/** Our issuer identifier: https, or http for loopback and cluster-local names; no query or fragment (RFC 8414 §2). */
export function issuerUrl(value: string): string {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new InvalidArgumentError('give a URL, as https://mint.example.com');
  }
  if (url.search || url.hash || url.username || url.password) {
    throw new InvalidArgumentError('an issuer has no query, fragment or user');
  }
  const near = isLoopback(url.hostname) || isClusterLocal(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && near)) {
    throw new InvalidArgumentError('give an https URL; http is only for loopback and cluster-local names');
  }
  return value;
}

/** Issuers separated by commas. */
export function issuerUrls(value: string): string[] {
  return value.split(',').map((one) => issuerUrl(one.trim()));
}

/** RFC 6761 §6.3: localhost and all names below it. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(host);
}

/** A name without dots, or one under `.svc` or `.cluster.local`, is only resolved inside a cluster. */
function isClusterLocal(host: string): boolean {
  return !host.includes('.') || host.endsWith('.svc') || host.endsWith('.cluster.local');
}
