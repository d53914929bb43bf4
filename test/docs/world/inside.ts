/** What the programs inside a world share: certificates, `trustmint` in this process, and the end. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { createServer } from 'node:tls';
import { run } from '../../../src/cli/program.ts';

/** Where the world keeps its files. */
export const DIR = process.argv[2] ?? '';
export const WORK = join(DIR, 'work');

const ends: (() => unknown)[] = [];

/** `trustmint …` until the end. @returns the first match of what it says */
export async function trustmint(args: readonly string[], pattern: RegExp): Promise<RegExpExecArray> {
  const abort = new AbortController();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  stdout.resume();
  let said = '';
  const found = new Promise<RegExpExecArray>((resolve) => {
    const look = (chunk: Buffer) => {
      said += chunk;
      const match = pattern.exec(said);
      if (match) resolve(match);
    };
    stdout.on('data', look);
    stderr.on('data', look);
  });
  const io = { stdin: Readable.from([]), stdout, stderr, signal: abort.signal };
  const ended = run(['node', 'trustmint', ...args], io);
  ends.unshift(async () => {
    abort.abort();
    await ended;
  });
  const failed = ended.then((code) => {
    throw new Error(`trustmint ${args.join(' ')} ended with ${code}: ${said}`);
  });
  return Promise.race([found, failed]);
}

export function atEnd(end: () => unknown): void {
  ends.unshift(end);
}

/** A certificate for these names, made by an authority that is the certificate itself; `tls.crt` and `tls.key` in WORK too. */
export function certify(names: readonly string[]): Record<string, string> {
  const [cert, key] = [join(WORK, 'tls.crt'), join(WORK, 'tls.key')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=docs', '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return trusting(cert);
}

/** What makes the usual clients trust the CA in this file. */
export function trusting(ca: string): Record<string, string> {
  return { CURL_CA_BUNDLE: ca, REQUESTS_CA_BUNDLE: ca, SSL_CERT_FILE: ca, NODE_EXTRA_CA_CERTS: ca };
}

/** TLS in front of a port of this machine, with the certificate of `certify`. */
export async function endTls(port: number, target: number): Promise<void> {
  const pair = { cert: readFileSync(join(WORK, 'tls.crt')), key: readFileSync(join(WORK, 'tls.key')) };
  const server = createServer(pair, (outer) => {
    const inner = connect(target, '127.0.0.1');
    outer.on('error', () => inner.destroy());
    inner.on('error', () => outer.destroy());
    outer.pipe(inner).pipe(outer);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  atEnd(() => server.close());
}

export function put(name: string, text: string): string {
  writeFileSync(join(WORK, name), text, { mode: 0o600 });
  return text;
}

export async function post(url: string, body: object): Promise<Record<string, string>> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = (await response.json()) as Record<string, string>;
  if (!response.ok) throw new Error(`${url}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Says that the world is there, with what to add to the environment, and ends it all when nobody needs it any more. */
export async function serveWorld(env: Record<string, string>): Promise<void> {
  console.log(JSON.stringify(env));
  for await (const _ of process.stdin);
  for (const end of ends) await end();
  process.exit(0);
}
