/** Certificates as a Secret has them: PEM texts, of which anything may be missing or damaged. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Authority, Certificates, Leaf, Validity } from './types.ts';

/** `ca.crt` has every CA that is trusted, `ca.key` the keys of those that may still sign, in any order. */
export const KEYS = ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'] as const;
export type CertificateTexts = Readonly<Record<(typeof KEYS)[number], string>>;

/** Characters, and blocks of them: of more nothing is read. */
const MAX_TEXT = 64 * 1024;
const MAX_BLOCKS = 16;
/** The CAs that we made ourselves: only by them do we sign. */
const OWN_NAME = /^CN=Trustmint CA [0-9a-f]{8}$/;
const NAME = /^DNS:([^,"]+)$/;

/** What can be used of them; never fails. What it gives, `textsOf` writes as it was, if it was whole. */
export function readCertificates(texts: Partial<CertificateTexts>): Certificates {
  const keys = blocks(texts['ca.key'], 'PRIVATE KEY').flatMap((pem) => attempt(() => createPrivateKey(pem)));
  const authorities = certificatesIn(texts['ca.crt']).flatMap((certificate) => {
    const key = keys.find((one) => certificate.checkPrivateKey(one));
    return authorityOf(certificate, key && pemOf(key)) ?? [];
  });
  const [certificate] = certificatesIn(texts['tls.crt']);
  const [key] = blocks(texts['tls.key'], 'PRIVATE KEY').flatMap((pem) => attempt(() => createPrivateKey(pem)));
  const leaf = certificate && key && certificate.checkPrivateKey(key) ? leafOf(certificate, pemOf(key)) : undefined;
  return { authorities, ...(leaf && { leaf }) };
}

/** The one way to write them. */
export function textsOf({ authorities, leaf }: Certificates): CertificateTexts {
  return {
    'ca.crt': bundleOf(authorities),
    'ca.key': authorities.map(({ key = '' }) => key).join(''),
    'tls.crt': leaf?.certificate.toString() ?? '',
    'tls.key': leaf?.key ?? '',
  };
}

/** What clients trust, PEM: nothing in it is secret. */
export function bundleOf(authorities: readonly Authority[]): string {
  return authorities.map(({ certificate }) => certificate.toString()).join('');
}

export const sameTexts = (one: Partial<CertificateTexts>, other: Partial<CertificateTexts>): boolean =>
  KEYS.every((key) => one[key] === other[key]);

/** Undefined: it is no CA. */
export function authorityOf(certificate: X509Certificate, key?: string): Authority | undefined {
  if (!certificate.ca) return undefined;
  return { certificate, ...validityOf(certificate), ...(key && OWN_NAME.test(certificate.subject) && { key }) };
}

/** Undefined: it is for no name. */
export function leafOf(certificate: X509Certificate, key: string): Leaf | undefined {
  const names = (certificate.subjectAltName ?? '').split(', ').flatMap((name) => NAME.exec(name)?.[1] ?? []);
  return names.length === 0 ? undefined : { certificate, key, names, ...validityOf(certificate) };
}

function validityOf({ validFrom, validTo }: X509Certificate): Validity {
  return { from: Date.parse(validFrom), until: Date.parse(validTo) };
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function certificatesIn(text: string | undefined): X509Certificate[] {
  return blocks(text, 'CERTIFICATE').flatMap((pem) => attempt(() => new X509Certificate(pem)));
}

function blocks(text: string | undefined, label: string): string[] {
  if (text === undefined || text.length > MAX_TEXT) return [];
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  return text
    .split(begin)
    .slice(1, 1 + MAX_BLOCKS)
    .flatMap((rest) => (rest.includes(end) ? [`${begin}${rest.slice(0, rest.indexOf(end))}${end}\n`] : []));
}

/** None where it fails: what a parser says of a key may quote it. */
function attempt<T>(parse: () => T): T[] {
  try {
    return [parse()];
  } catch {
    return [];
  }
}
