/** `trustmint token inspect|verify|attenuate`. */
import { epochSeconds, systemClock } from '../clock.ts';
import {
  attenuateMacaroon,
  type Description,
  describeMacaroon,
  MacaroonError,
  verifyMacaroon,
} from '../macaroon/index.ts';
import { CliError } from './errors.ts';
import { readInput } from './input.ts';
import { inspectJwt, looksLikeJwt } from './inspect-jwt.ts';
import type { Io } from './io.ts';
import { askMint } from './mint-client.ts';

export async function inspectToken(file: string, flags: { json?: true }, io: Io): Promise<void> {
  const token = (await readInput(file, io)).trim();
  if (looksLikeJwt(token)) {
    io.stdout.write(inspectJwt(token, flags.json === true));
    return;
  }
  const description = described(() => describeMacaroon(token));
  io.stdout.write(flags.json ? `${JSON.stringify(description, null, 2)}\n` : formatDescription(description));
}

export async function attenuateToken(file: string, flags: { caveat: string[] }, io: Io): Promise<void> {
  const token = (await readInput(file, io)).trim();
  if (looksLikeJwt(token)) throw new CliError('jwt', 'a JWT cannot be narrowed by its holder: ask the mint for less');
  io.stdout.write(`${described(() => attenuateMacaroon(token, flags.caveat))}\n`);
}

interface VerifyFlags {
  resource: string;
  keys?: string;
  url?: string;
  verifierTokenFile?: string;
  caFile?: string;
  scope?: string;
  tool?: string;
  method?: string;
  path?: string;
  cost?: number;
}

/** Prints the verdict as JSON; exit code 1 unless the token is good. */
export async function verifyToken(file: string, flags: VerifyFlags, io: Io): Promise<void> {
  const token = (await readInput(file, io)).trim();
  const { resource, scope, tool, method, path, cost } = flags;
  const call = { scope, tool, method, path, cost };
  if ((flags.keys === undefined) === (flags.url === undefined)) {
    throw new CliError('usage', 'give --keys to verify offline, or --url to ask the mint');
  }
  if (flags.keys !== undefined && looksLikeJwt(token))
    throw new CliError('jwt', '--keys are for macaroons: ask the mint about a JWT with --url');
  const verdict =
    flags.keys !== undefined
      ? verifyOffline(token, resource, parseKeys(await readInput(flags.keys, io)), call)
      : await askVerdict(flags, { token, resource, call }, io);
  io.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`);
  if (!verdict.active) throw new CliError('inactive', 'the token is not good for this call');
}

type Verdict = { active: boolean } & Record<string, unknown>;

function verifyOffline(
  token: string,
  audience: string,
  keys: ReadonlyMap<string, Uint8Array>,
  call: Parameters<typeof verifyMacaroon>[1]['call'],
): Verdict {
  const verdict = verifyMacaroon(token, {
    rootKey: (kid) => keys.get(kid),
    audience,
    now: epochSeconds(systemClock),
    call,
  });
  if (!verdict.ok) return { active: false, reason: verdict.denial ?? verdict.reason, caveat: verdict.caveat };
  const { identifier, facts, caveats, accounts, expiresAt } = verdict;
  return {
    active: true,
    ...identifier,
    attributes: Object.fromEntries(facts),
    caveats,
    accounts,
    expiresAt,
    revocation: 'not checked',
  };
}

function parseKeys(text: string): ReadonlyMap<string, Uint8Array> {
  try {
    const { keys } = JSON.parse(text) as { keys: { kid: string; key: string }[] };
    return new Map(keys.map(({ kid, key }) => [kid, Buffer.from(key, 'base64url')]));
  } catch {
    throw new CliError('keys', '--keys: not the answer of /api/mint/keys');
  }
}

async function askVerdict(
  { url = '', verifierTokenFile, caFile }: VerifyFlags,
  question: unknown,
  io: Io,
): Promise<Verdict> {
  const bearer = verifierTokenFile && (await readInput(verifierTokenFile, io)).trim();
  const answer = await askMint({ url, path: '/api/mint/verify', body: question, bearer, caFile });
  if (typeof answer.active !== 'boolean') throw new CliError('refused', `no mint: ${url} answered without a verdict`);
  return answer as Verdict;
}

/** A macaroon for a person, or why it is none. */
export function describedToken(token: string): string {
  return formatDescription(described(() => describeMacaroon(token)));
}

/** A macaroon for a person: who, what, until when, and which caveats a holder added. */
export function formatDescription(description: Description): string {
  const { identifier, caveats, expiresAt } = description;
  const lines = [
    row('format', description.format),
    row('location', description.location ?? '-'),
    ...(identifier
      ? [
          row('subject', identifier.sub),
          row('tenant', identifier.ten),
          row('audience', identifier.aud),
          row('grant', identifier.gid),
          row('token', identifier.jti),
          row('policy', identifier.pol),
          ...(identifier.agt === null ? [] : [row('agent', identifier.agt)]),
          row('key', identifier.kid),
          row('issued', new Date(identifier.iat * 1000).toISOString()),
        ]
      : [row('identifier', description.identifierText)]),
    ...(expiresAt === undefined ? [] : [row('expires', new Date(expiresAt * 1000).toISOString())]),
    row('derivedFrom', description.derivedFrom),
    'caveats',
    ...caveats.map(({ text, by }) => `  ${by === 'appended' ? '+ ' : '  '}${text}`),
  ];
  return `${lines.join('\n')}\n`;
}

function row(name: string, value: string): string {
  return `${name.padEnd(12)}${value}`;
}

function described<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof MacaroonError) throw new CliError(error.code, error.message);
    throw error;
  }
}
