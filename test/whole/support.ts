/** The mint as its users meet it: the command line run in this process, on free ports, with an issuer that really signs. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { run } from '../../src/cli/program.ts';
import { type Answer, post } from '../server/support.ts';

/** What a command wrote, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Collects what is written. */
export function collector() {
  let text = '';
  const stream = new PassThrough();
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return { stream, text: () => text };
}

/** Runs one command to its end. */
export async function trustmint(args: readonly string[], input = ''): Promise<Ran> {
  const [out, err] = [collector(), collector()];
  const stdin = Readable.from([Buffer.from(input)]);
  const code = await run(['node', 'trustmint', ...args], { stdin, stdout: out.stream, stderr: err.stream });
  return { code, out: out.text(), err: err.text() };
}

/** Asks again until it holds; a bound on how long it may take, never a sleep that must be long enough. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  ms = 5000,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer as Exclude<T, false | null | undefined>;
    if (performance.now() > end) assert.fail(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface Mint {
  readonly url: string;
  readonly ops: string;
  /** The directory of manifests. */
  readonly dir: string;
  readonly dataDir: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of a record.
  audit(): any[];
  log(): string;
  /** Writes a manifest, whole or not at all. */
  write(name: string, text: string): void;
  exchange(credentials: string, more?: object): Promise<Answer>;
  verify(token: string, call?: object): Promise<Answer>;
  /** Drains and returns the exit code. */
  stop(): Promise<number>;
}

const stops = new Set<() => Promise<unknown>>();
const folders = new Set<string>();

/** A folder that `cleanUp` removes. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'trustmint-test-'));
  folders.add(path);
  return path;
}

/** Stops every mint of the test and removes its folders. */
export async function cleanUp(): Promise<void> {
  for (const stop of stops) await stop();
  for (const path of folders) rmSync(path, { recursive: true, force: true });
  folders.clear();
}

/**
 * Runs `trustmint serve` until `stop`.
 * @param manifests texts by file name
 * @param from an earlier mint that was stopped: its folders are used again
 */
export async function serve(
  manifests: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
  from?: Pick<Mint, 'dir' | 'dataDir'>,
): Promise<Mint> {
  const home = folder();
  const dir = from?.dir ?? join(home, 'policies');
  const dataDir = from?.dataDir ?? join(home, 'data');
  mkdirSync(dir, { recursive: true });
  const write = (name: string, text: string) => {
    writeFileSync(join(home, name), text);
    renameSync(join(home, name), join(dir, name));
  };
  for (const [name, text] of Object.entries(manifests)) write(name, text);
  const abort = new AbortController();
  const [out, err] = [collector(), collector()];
  const args = ['serve', '--manifests', dir, '--data-dir', dataDir, '--issuer', 'http://mint.localhost'];
  const listen = ['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--log-format', 'text'];
  const io = { stdin: Readable.from([]), stdout: out.stream, stderr: err.stream, signal: abort.signal };
  const ended = run(['node', 'trustmint', ...args, ...listen, ...flags], io);
  const stop = async () => {
    abort.abort();
    stops.delete(stop);
    return ended;
  };
  stops.add(stop);
  const listening = until('the mint listens', () =>
    /listening(?: url=|","url":")([^\s"]+)(?: ops=|","ops":")([^\s"]+)/.exec(err.text()),
  );
  const started = await Promise.race([
    listening,
    ended.then((code) => assert.fail(`ended with ${code}: ${err.text()}`)),
  ]);
  const [, url = '', ops = ''] = started as RegExpExecArray;
  return {
    url,
    ops,
    dir,
    dataDir,
    audit: () =>
      out
        .text()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    log: err.text,
    write,
    exchange: (credentials, more = {}) => post(`${url}/api/mint/exchange`, { credentials, ...more }),
    verify: (token, call = {}) => post(`${url}/api/mint/verify`, { token, resource: 'default', call }),
    stop,
  };
}

/** A TrustPolicy of namespace ai-agents, as YAML. */
export function agentsPolicy(issuer: string, rules: readonly object[], spec: object = {}, name = 'agents'): string {
  return JSON.stringify({
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TrustPolicy',
    metadata: { name, namespace: 'ai-agents' },
    spec: { provider: 'kubernetes', issuer, audience: 'satgate', trustRules: rules, ...spec },
  });
}

/** Everybody of the namespace, a budget of 200. */
export const EVERYONE = {
  name: 'everyone',
  match: { serviceAccount: '*' },
  issue: { budgetCredits: 200, ttl: '4h', caveats: ['department = general'] },
};

/** What a service account of ai-agents asks the issuer for. */
export function account(serviceAccount: string, more: object = {}) {
  return { kind: 'service-account' as const, namespace: 'ai-agents', serviceAccount, audience: 'satgate', ...more };
}
