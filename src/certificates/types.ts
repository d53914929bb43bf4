/** A CA of our own and the serving certificate that it signed. */
import type { X509Certificate } from 'node:crypto';

/** A certificate and its private key, PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** Of a certificate, in epoch milliseconds. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

/** A CA that clients are to trust. */
export interface Authority extends Validity {
  readonly certificate: X509Certificate;
  /** PEM, PKCS #8; absent: it is trusted, and signs nothing any more. */
  readonly key?: string;
}

/** What the server shows its callers. */
export interface Leaf extends Validity {
  readonly certificate: X509Certificate;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** The DNS names that it is for. */
  readonly names: readonly string[];
}

export interface Certificates {
  /** Each is trusted; which signs follows from the time. */
  readonly authorities: readonly Authority[];
  readonly leaf?: Leaf;
}

/** Makes what is missing. Times are epoch milliseconds. */
export interface Maker {
  /** @param names what it is to sign for: it may for others of the same kind, and no more */
  authority(names: readonly string[], now: number): Promise<Authority>;
  leaf(by: Authority, names: readonly string[], now: number): Promise<Leaf>;
}
