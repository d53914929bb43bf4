/** A JWT for a person: what it says, nothing of it verified. */
import { JwsError, type ParsedJws, parseJws } from '../jws/index.ts';
import { CliError } from './errors.ts';

const TIMES = new Set(['iat', 'exp', 'nbf']);
const LATEST = 8.64e12;

/** Whether it is no macaroon, whose encodings have no dot but in JSON. */
export function looksLikeJwt(token: string): boolean {
  return token.includes('.') && !token.startsWith('{');
}

/**
 * The header and the claims, one a line, or as JSON. The signature is not shown.
 *
 * @throws CliError with the code of what is wrong with its form
 */
export function inspectJwt(token: string, json: boolean): string {
  const { header, payload } = opened(token);
  if (json) return `${JSON.stringify({ header, payload }, null, 2)}\n`;
  const lines = [
    row('format', `JWT, typ ${header.typ ?? '-'}`),
    row('key', `${header.kid ?? '-'} (${header.alg})`),
    ...Object.keys(payload).map((name) => row(name, shown(name, payload[name]))),
  ];
  return `${lines.join('\n')}\n`;
}

function opened(token: string): ParsedJws {
  try {
    return parseJws(token);
  } catch (error) {
    if (error instanceof JwsError) throw new CliError(error.code, error.message);
    throw error;
  }
}

function shown(name: string, value: unknown): string {
  if (TIMES.has(name) && typeof value === 'number' && Math.abs(value) <= LATEST) {
    return new Date(value * 1000).toISOString();
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whoever made the token wrote what stands in it: a terminal gets printable ASCII. */
function row(name: string, value: string): string {
  return `${name.padEnd(11)} ${value}`.replace(/[^\x20-\x7e]/g, '?');
}
