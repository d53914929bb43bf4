import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { CallContext } from '../../src/caveat/index.ts';
import { chainValues } from '../../src/macaroon/chain.ts';
import {
  encodeIdentifier,
  encodeMacaroon,
  type Identifier,
  MacaroonError,
  type MacaroonErrorCode,
  type MintRequest,
  mintMacaroon,
  verifyMacaroon,
} from '../../src/macaroon/index.ts';

export const ROOT_KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
/** 2026-02-02T02:40:00Z. */
export const NOW = 1_770_000_000;

export const IDENTIFIER: Identifier = {
  v: 1,
  kid: 'k1',
  aud: 'satgate',
  jti: 'nmJmUDEPUnVUhzKySDfpdA',
  gid: 'Zx0bTnuUpPvIrlD0pDUzcg',
  pol: '6f1d8a52-58cc-5f16-8c1b-1f54e34a7f75',
  agt: null,
  ten: 'acme',
  sub: 'system:serviceaccount:ai-agents:research-agent',
  iat: NOW,
  n: 3,
};

/** The least that a token may say. */
export const BOUNDS = ['time < 2026-02-02T10:40:00Z', 'aud = satgate', 'tenant = acme'];

/** A request for a token with these caveats of the issuer's beside the bounds. */
export function request(more: readonly string[] = [], over: Partial<MintRequest> = {}): MintRequest {
  const issuerCaveats = [...BOUNDS, ...more];
  return { rootKey: ROOT_KEY, identifier: { ...IDENTIFIER, n: issuerCaveats.length }, issuerCaveats, ...over };
}

export function mint(more: readonly string[] = [], over: Partial<MintRequest> = {}): string {
  return mintMacaroon(request(more, over)).token;
}

export function verify(token: string, call: CallContext = {}, now = NOW, audience = 'satgate') {
  return verifyMacaroon(token, { rootKey: () => ROOT_KEY, audience, now, call });
}

/** The failure's reason, or `verified`. */
export function reasonOf(token: string, call: CallContext = {}, now = NOW, audience = 'satgate'): string {
  const outcome = verify(token, call, now, audience);
  return outcome.ok ? 'verified' : outcome.reason;
}

/** A macaroon whose chain is right, and which `mintMacaroon` might refuse to make. */
export function forge(
  identifier: Identifier | string,
  caveats: readonly (string | Uint8Array)[],
  key = ROOT_KEY,
): string {
  const id = typeof identifier === 'string' ? Buffer.from(identifier) : encodeIdentifier(identifier);
  const ids = caveats.map((caveat) => Buffer.from(caveat));
  const signature = chainValues(key, id, ids).at(-1)!;
  return encodeMacaroon({ identifier: id, caveats: ids.map((bytes) => ({ id: bytes })), signature });
}

export function refused(code: MacaroonErrorCode) {
  return (error: unknown) => error instanceof MacaroonError && error.code === code;
}

/** What these tests use of npm `macaroon`, which has no types. */
export interface OracleMacaroon {
  readonly identifier: Uint8Array;
  readonly signature: Uint8Array;
  readonly caveats: readonly { readonly identifier: Uint8Array }[];
  addFirstPartyCaveat(caveat: string): void;
  addThirdPartyCaveat(rootKey: Uint8Array, id: string, location: string): void;
  /** Throws unless it verifies; `check` returns why a caveat does not hold, or null. */
  verify(rootKey: Uint8Array, check: (caveat: string) => string | null, discharges?: OracleMacaroon[]): void;
  exportJSON(): object;
  exportBinary(): Uint8Array;
}

interface Oracle {
  newMacaroon(given: {
    identifier: string | Uint8Array;
    location?: string;
    rootKey: Uint8Array;
    version?: 1 | 2;
  }): OracleMacaroon;
  importMacaroon(from: string | Uint8Array | object): OracleMacaroon;
}

export const oracle: Oracle = createRequire(import.meta.url)('macaroon');

/**
 * Describes tests that read published vectors. Without the files they are skipped with a shout; in CI that is a failure.
 * @param folder within `../shared/vectors` or TRUSTMINT_VECTORS.
 */
export function describeVectors(title: string, folder: string, body: (path: string) => void): void {
  const root = process.env.TRUSTMINT_VECTORS ?? resolve(import.meta.dirname, '../../../shared/vectors');
  const path = join(root, folder);
  describe(title, () => {
    if (existsSync(path)) return body(path);
    it('reads the published vectors', function () {
      const message = `NOT RUN: no vectors in ${folder}; set TRUSTMINT_VECTORS`;
      if (process.env.CI === 'true') throw new Error(message);
      console.warn(`      ${message}`);
      this.skip();
    });
  });
}
