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
import { bits, explicit, implicit, integer, octets, oid, sequence, set, TRUE, time, utf8 } from './der.ts';
import { authorityOf, leafOf } from './read.ts';
import type { Maker } from './types.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Callers' clocks may be an hour behind ours, and ours some minutes ahead. */
export const BACKDATED = 2 * HOUR;
export const LEAF_LIFE = 90 * DAY;
export const AUTHORITY_LIFE = 3_653 * DAY;

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const EXTENSION = {
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;
/** Neither ever vouches for a client, or for code. */
const SERVER_AUTH = sequence(oid('1.3.6.1.5.5.7.3.1'));
const USAGE = { digitalSignature: bits(Buffer.from([0x80]), 7), signsCertificates: bits(Buffer.from([0x06]), 1) };
const DNS_NAME = 2;
const KEY_IDENTIFIER = 0;

export interface MakerOptions {
  /** Cryptographically secure bytes, for serial numbers. */
  readonly random: (bytes: number) => Uint8Array;
  /** A new P-256 key. */
  readonly makeKey?: () => Promise<KeyObject>;
}

export function certificateMaker({ random, makeKey = newKey }: MakerOptions): Maker {
  return {
    async authority(now) {
      const key = await makeKey();
      // A name of its own: a client that trusts two of them need not try both.
      const name = `Trustmint CA ${Buffer.from(random(4)).toString('hex')}`;
      const until = now + AUTHORITY_LIFE;
      const own = [
        extension('basicConstraints', sequence(TRUE, integer(Buffer.from([0]))), true),
        extension('keyUsage', USAGE.signsCertificates, true),
        extension('extendedKeyUsage', SERVER_AUTH),
      ];
      return authorityOf(signed({ serial: random(16), name, issuer: { name, key }, key, now, until, own }), pem(key))!;
    },
    async leaf(by, names, now) {
      const key = await makeKey();
      const issuer = { name: by.certificate.subject.slice('CN='.length), key: createPrivateKey(by.key!) };
      const until = Math.min(now + LEAF_LIFE, by.until);
      const own = [
        extension('basicConstraints', sequence(), true),
        extension('keyUsage', USAGE.digitalSignature, true),
        extension('extendedKeyUsage', SERVER_AUTH),
        extension('subjectAltName', sequence(...names.map((name) => implicit(DNS_NAME, Buffer.from(name, 'ascii'))))),
      ];
      return leafOf(signed({ serial: random(16), name: 'trustmint', issuer, key, now, until, own }), pem(key))!;
    },
  };
}

/** For as long as there is no other: nobody can verify it, and nobody is meant to. */
export async function makeStopgap(maker: Maker, names: readonly string[], now: number) {
  const { certificate, key } = await maker.leaf(await maker.authority(now), names, now);
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
  readonly own: readonly Buffer[];
}

function signed({ serial, name, issuer, key, now, until, own }: ToSign): X509Certificate {
  const publicKey = createPublicKey(key);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(positive(serial)),
    ECDSA_WITH_SHA256,
    named(issuer.name),
    sequence(time(now - BACKDATED), time(until)),
    named(name),
    spki(publicKey),
    explicit(
      3,
      sequence(
        ...own,
        extension('subjectKey', octets(identifier(publicKey))),
        extension('authorityKey', sequence(implicit(KEY_IDENTIFIER, identifier(createPublicKey(issuer.key))))),
      ),
    ),
  );
  const signature = sign('sha256', body, issuer.key);
  return new X509Certificate(sequence(body, ECDSA_WITH_SHA256, bits(signature)));
}

/** Without a sign bit, and never with a superfluous byte before it. */
function positive([first = 0, ...rest]: Uint8Array): Buffer {
  return Buffer.from([(first & 0x3f) | 0x40, ...rest]);
}

const named = (name: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), utf8(name))));

function extension(name: keyof typeof EXTENSION, value: Buffer, critical = false): Buffer {
  return sequence(oid(EXTENSION[name]), ...(critical ? [TRUE] : []), octets(value));
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** The bytes of an uncompressed point on P-256: what the SPKI of one ends with. */
const POINT = 65;

/** RFC 7093 §2, method 1. */
const identifier = (key: KeyObject): Buffer =>
  createHash('sha256').update(spki(key).subarray(-POINT)).digest().subarray(0, 20);
