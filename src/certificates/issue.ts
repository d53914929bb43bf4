/** Makes certificates (RFC 5280) with ECDSA keys on P-256: what every client of TLS takes. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { BaseBlock } from 'asn1js';
import { authorityOf, leafOf } from './read.ts';
import { NAME_CONSTRAINTS, scopeOf } from './scope.ts';
import type { Maker } from './types.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Callers' clocks may be an hour behind ours, and ours some minutes ahead. */
export const BACKDATED = 2 * HOUR;
export const LEAF_LIFE = 90 * DAY;
export const AUTHORITY_LIFE = 3_653 * DAY;

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const EXTENSION = {
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: NAME_CONSTRAINTS,
  authorityKey: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;
/** Neither ever vouches for a client, or for code. */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
/** Bits of KeyUsage, and how many of the byte's last ones do not count. */
const USAGE = { digitalSignature: [0x80, 7], signsCertificates: [0x06, 1] } as const;
const DNS_NAME = 2;
const ADDRESS = 7;

export interface MakerOptions {
  /** Cryptographically secure bytes, for serial numbers. */
  readonly random: (bytes: number) => Uint8Array;
  /** A new P-256 key. */
  readonly makeKey?: () => Promise<KeyObject>;
}

export function certificateMaker({ random, makeKey = newKey }: MakerOptions): Maker {
  return {
    async authority(names, now) {
      const key = await makeKey();
      // A name of its own: a client that trusts two of them need not try both.
      const name = `Trustmint CA ${Buffer.from(random(4)).toString('hex')}`;
      const until = now + AUTHORITY_LIFE;
      const certificate = await signed({
        serial: random(16),
        name,
        issuer: { name, key },
        key,
        now,
        until,
        scope: scopeOf(names),
      });
      return authorityOf(certificate, pem(key))!;
    },
    async leaf(by, names, now) {
      const key = await makeKey();
      const issuer = { name: by.certificate.subject.slice('CN='.length), key: createPrivateKey(by.key!) };
      const until = Math.min(now + LEAF_LIFE, by.until);
      const certificate = await signed({ serial: random(16), name: 'trustmint', issuer, key, now, until, names });
      return leafOf(certificate, pem(key))!;
    },
  };
}

/** For as long as there is no other: nobody can verify it, and nobody is meant to. */
export async function makeStopgap(maker: Maker, names: readonly string[], now: number) {
  const { certificate, key } = await maker.leaf(await maker.authority(names, now), names, now);
  return { cert: certificate.toString(), key };
}

async function newKey(): Promise<KeyObject> {
  return (await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })).privateKey;
}

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

interface ToSign {
  /** 16 random bytes. */
  readonly serial: Uint8Array;
  readonly name: string;
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  readonly key: KeyObject;
  readonly now: number;
  readonly until: number;
  /** DNS names that it is for; or, of a CA, the domains for which it may sign. */
  readonly names?: readonly string[];
  readonly scope?: readonly string[];
}

async function signed(asked: ToSign): Promise<X509Certificate> {
  // Loaded here: whoever makes no certificates does not pay for it.
  const [asn1, pki] = await Promise.all([import('asn1js'), import('pkijs')]);
  const named = (name: string) =>
    new pki.RelativeDistinguishedNames({
      typesAndValues: [
        new pki.AttributeTypeAndValue({ type: COMMON_NAME, value: new asn1.Utf8String({ value: name }) }),
      ],
    });
  // RFC 5280 §4.1.2.5: in whole seconds, with a year of two digits until 2049.
  const time = (at: number) => {
    const value = new Date(Math.floor(at / 1000) * 1000);
    return new pki.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
  };
  const extension = (name: keyof typeof EXTENSION, value: BaseBlock, critical = false) =>
    new pki.Extension({ extnID: EXTENSION[name], critical, extnValue: value.toBER() });
  const usage = ([byte, unusedBits]: (typeof USAGE)[keyof typeof USAGE]) =>
    new asn1.BitString({ valueHex: Uint8Array.of(byte).buffer, unusedBits });
  const own = ({ names, scope = [] }: ToSign) =>
    names
      ? [
          extension('basicConstraints', new pki.BasicConstraints({ cA: false }).toSchema(), true),
          extension('keyUsage', usage(USAGE.digitalSignature), true),
          extension(
            'subjectAltName',
            new pki.AltName({
              altNames: names.map((value) => new pki.GeneralName({ type: DNS_NAME, value })),
            }).toSchema(),
          ),
        ]
      : [
          extension('basicConstraints', new pki.BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(), true),
          extension('keyUsage', usage(USAGE.signsCertificates), true),
          extension(
            'nameConstraints',
            new pki.NameConstraints({
              permittedSubtrees: scope.map(
                (value) => new pki.GeneralSubtree({ base: new pki.GeneralName({ type: DNS_NAME, value }) }),
              ),
              // Of a kind that is named nowhere here, all would be allowed: no address, of IPv4 or IPv6.
              excludedSubtrees: [8, 32].map((bytes) => {
                const value = new asn1.OctetString({ valueHex: new ArrayBuffer(bytes) });
                return new pki.GeneralSubtree({ base: new pki.GeneralName({ type: ADDRESS, value }) });
              }),
            }).toSchema(),
            true,
          ),
        ];

  const { serial, name, issuer, key, now, until } = asked;
  const publicKey = createPublicKey(key);
  const algorithm = new pki.AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 });
  const certificate = new pki.Certificate({
    version: 2,
    serialNumber: new asn1.Integer({ valueHex: positive(serial) }),
    signature: algorithm,
    signatureAlgorithm: algorithm,
    issuer: named(issuer.name),
    subject: named(name),
    notBefore: time(now - BACKDATED),
    notAfter: time(until),
    subjectPublicKeyInfo: pki.PublicKeyInfo.fromBER(spki(publicKey)),
    extensions: [
      ...own(asked),
      extension('extendedKeyUsage', new pki.ExtKeyUsage({ keyPurposes: [SERVER_AUTH] }).toSchema()),
      extension('subjectKey', new asn1.OctetString({ valueHex: identifier(publicKey) })),
      extension(
        'authorityKey',
        new pki.AuthorityKeyIdentifier({
          keyIdentifier: new asn1.OctetString({ valueHex: identifier(createPublicKey(issuer.key)) }),
        }).toSchema(),
      ),
    ],
  });
  const body = Buffer.from(certificate.encodeTBS().toBER());
  certificate.signatureValue = new asn1.BitString({ valueHex: exact(sign('sha256', body, issuer.key)) });
  return new X509Certificate(Buffer.from(certificate.toSchema(true).toBER()));
}

/** Without a sign bit, and never with a superfluous byte before it. */
function positive([first = 0, ...rest]: Uint8Array): ArrayBuffer {
  return Uint8Array.of((first & 0x3f) | 0x40, ...rest).buffer;
}

/** A buffer may be a window into a larger one. */
const exact = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** The bytes of an uncompressed point on P-256: what the SPKI of one ends with. */
const POINT = 65;

/** RFC 7093 §2, method 1. */
const identifier = (key: KeyObject): ArrayBuffer =>
  exact(createHash('sha256').update(spki(key).subarray(-POINT)).digest().subarray(0, 20));
