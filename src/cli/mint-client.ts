/** Asking a mint over HTTP, with a CA of one's own where its certificate is not of a public one. */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { CliError } from './errors.ts';
import { unreadable } from './input.ts';

/** What a mint may take for an answer, and how much of one is read. */
const PATIENCE_MS = 15_000;
const MAX_BYTES = 1 << 20;
const SHOWN = 300;

export interface MintQuestion {
  readonly url: string;
  /** The route, with its leading slash. */
  readonly path: string;
  readonly body: unknown;
  readonly bearer?: string | undefined;
  /** PEM, read anew for each question: instead of the public CAs. */
  readonly caFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type MintAnswer = Readonly<Record<string, unknown>>;

/** A question that got no good answer. */
export class MintError extends CliError {
  /** 0 where nobody answered. */
  readonly status: number;
  /** Seconds, as the mint asks for them. */
  readonly retryAfter: number;

  constructor(code: string, message: string, status = 0, retryAfter = 0) {
    super(code, message);
    this.name = 'MintError';
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * One POST of JSON; a redirect is not followed, for it would carry a credential elsewhere.
 *
 * @throws MintError the mint's own code; `unreachable`, `untrusted` (its certificate), `refused` (no mint); CliError
 * where the CA cannot be read
 */
export async function askMint(question: MintQuestion): Promise<MintAnswer> {
  const ca = question.caFile === undefined ? undefined : await readCa(question.caFile);
  const { status, headers, text } = await post(question, ca);
  const answer = parsed(text);
  if (status === 200 && answer) return answer;
  const { error, error_description: description, correlation_id: id } = answer ?? {};
  if (typeof error !== 'string') throw new MintError('refused', `no mint: ${question.url} answered ${status}`, status);
  const told = shown(typeof description === 'string' ? description : `the mint answered ${status}`);
  const correlated = typeof id === 'string' ? `${told}; correlation id ${shown(id)}` : told;
  throw new MintError(shown(error), correlated, status, Number(headers['retry-after']) || 0);
}

async function readCa(file: string): Promise<Buffer> {
  const pem = await readFile(file).catch((error: unknown) => {
    throw new CliError('no_ca', unreadable(file, error).message);
  });
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new CliError('no_ca', `${file}: no certificate in it`);
  return pem;
}

interface Posted {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

function post({ url, path, body, bearer, signal }: MintQuestion, ca: Buffer | undefined): Promise<Posted> {
  const target = new URL(path, url);
  const text = JSON.stringify(body);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(bearer && { authorization: `Bearer ${bearer}` }),
  };
  // A signal of Node's own would not keep the process; a socket does.
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const options = {
    method: 'POST',
    headers,
    agent: false,
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
    // Said, for NODE_TLS_REJECT_UNAUTHORIZED would undo the default.
    rejectUnauthorized: true,
    ...(ca && { ca }),
  } as const;
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      reject(patience.aborted ? unanswered(url, `no answer within ${PATIENCE_MS / 1000} s`) : failed(url, error));
    const request = (target.protocol === 'https:' ? https : http).request(target, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', fail);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) response.destroy(new Error('more than 1 MiB'));
        else chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('error', fail);
    request.end(text);
  });
}

function unanswered(url: string, why: string): MintError {
  return new MintError('unreachable', `${url}: ${why}`);
}

/** Whose certificate does not verify is told apart: another CA is the remedy, not another try. */
function failed(url: string, error: NodeJS.ErrnoException): MintError {
  const { code = '' } = error;
  const untrusted = /^(ERR_TLS_CERT_ALTNAME_INVALID|CERT_|SELF_SIGNED_CERT|DEPTH_ZERO|UNABLE_TO_)/.test(code);
  // A name with several addresses fails with one error for all of them, and no message.
  const why = shown(error.message || code || 'no connection');
  return untrusted ? new MintError('untrusted', `${url}: ${why}`) : unanswered(url, why);
}

function parsed(text: string): MintAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as MintAnswer) : undefined;
  } catch {
    return undefined;
  }
}

/** A stranger's words, as one line. */
export function shown(text: string): string {
  return text.slice(0, SHOWN).replace(/[^\x20-\x7e]/g, '?');
}
