/**
 * Where the API server is and who we are to it. client-node reads the files; of what it makes only certificates and
 * headers are used: its agent keeps trusting a CA that was withdrawn, and its requests go out anonymous where a token
 * file is empty.
 */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { type KubeApiError, ownError } from './errors.ts';

export interface ConfigOptions {
  readonly clock: Clock;
}

/** Milliseconds that a reading holds. */
const READ_EVERY = 60_000;

/**
 * The configuration that a pod is given: its service account, the cluster's CA and address.
 * @param options `root`: the directory that stands for `/`
 * @throws KubeApiError NoCredentials, if this is no pod or its token is empty
 */
export async function loadInCluster(options: ConfigOptions & { readonly root?: string }): Promise<CredentialSource> {
  const { root = '/' } = options;
  if (!process.env.KUBERNETES_SERVICE_HOST || !process.env.KUBERNETES_SERVICE_PORT)
    throw refused('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod');
  return follow(options, (config) => {
    config.loadFromCluster(root.replace(/\/$/, ''));
  });
}

/**
 * A kubeconfig file.
 * @param path where it is; relative files in it are relative to it
 * @param context absent: its current one
 * @throws KubeApiError NoCredentials, if it cannot be used, or names neither a client certificate nor a token
 */
export async function loadKubeconfig(
  path: string,
  context: string | undefined,
  options: ConfigOptions,
): Promise<CredentialSource> {
  return follow(options, (config, loadYaml) => {
    config.loadFromFile(path);
    if (context !== undefined) {
      if (!config.getContextObject(context)) throw refused('the kubeconfig has no such context');
      config.setCurrentContext(context);
    }
    useTokenFile(config, dirname(path), loadYaml(readFileSync(path, 'utf8')));
  });
}

/** client-node does not know `tokenFile`, which is read before `token`. */
function useTokenFile(config: KubeConfig, dir: string, document: unknown): void {
  const user = config.getCurrentUser();
  const { users } = document as { users?: readonly { name?: unknown; user?: { tokenFile?: unknown } }[] };
  const file = users?.find(({ name }) => name === user?.name)?.user?.tokenFile;
  if (!user || typeof file !== 'string' || file === '') return;
  const token = readFileSync(resolve(dir, file), 'utf8').trim();
  if (token === '') throw refused('the token file is empty');
  Object.assign(user, { token, authProvider: undefined });
}

/** Its parser, for what its reader leaves out. */
type Load = (config: KubeConfig, loadYaml: (text: string) => unknown) => void;

async function follow({ clock }: ConfigOptions, load: Load): Promise<CredentialSource> {
  // It costs 400 ms and 90 MB: only who talks to an API server pays.
  const { KubeConfig, loadYaml } = await import('@kubernetes/client-node');
  let namespace: string | undefined;
  let last: { readonly credentials: Credentials; readonly at: number } | undefined;
  let reading: Promise<Credentials> | undefined;

  async function read(): Promise<Credentials> {
    const at = clock.monotonic();
    // A fresh one each time: it remembers tokens by the wall clock.
    const config = new KubeConfig();
    const credentials = await readOnce(config, () => load(config, loadYaml));
    namespace = config.getContextObject(config.getCurrentContext())?.namespace?.trim() || undefined;
    last = { credentials, at };
    return credentials;
  }

  function readNow(): Promise<Credentials> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  await readNow();
  return {
    current: async () => (last && clock.monotonic() - last.at < READ_EVERY ? last.credentials : readNow()),
    renew: async (used) => (last && last.credentials !== used ? last.credentials : readNow()),
    get namespace() {
      return namespace;
    },
  };
}

async function readOnce(config: KubeConfig, load: () => void): Promise<Credentials> {
  const options: RequestOptions = {};
  try {
    load();
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    if (isOurs(cause)) throw cause;
    // The parser's messages quote the file, tokens and all.
    const code = (cause as NodeJS.ErrnoException).code;
    throw refused(`the configuration cannot be read${typeof code === 'string' ? ` (${code})` : ''}`);
  }
  const cluster = config.getCurrentCluster();
  if (cluster?.proxyUrl) throw refused('a proxy-url is not supported');
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  if (rejectUnauthorized === false) throw refused('insecure-skip-tls-verify: the server would not be verified');
  const headers = headersOf(options.headers);
  if (!headers.Authorization && !(cert && key)) throw refused('neither a client certificate nor a token');
  return {
    server: serverOf(cluster?.server),
    headers,
    ...(ca && { ca: ca as Buffer }),
    ...(cert && key ? { cert: cert as Buffer, key: key as Buffer } : {}),
    ...(servername !== undefined && { servername }),
  };
}

function serverOf(text: string | undefined): URL {
  const url = text === undefined ? null : URL.parse(text);
  if (url?.protocol !== 'https:' || url.username || url.password || url.search)
    throw refused('the server is not given as an https URL');
  return url;
}

/** Only the headers that say who we are; a token file's newline is dropped, an empty token is none. */
function headersOf(headers: RequestOptions['headers']): Record<string, string> {
  const given = { ...headers } as Record<string, unknown>;
  const result: Record<string, string> = {};
  for (const name of ['Authorization', 'Impersonate-User']) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (typeof value !== 'string') continue;
    const text = value.trim();
    if (name === 'Authorization' && !/^Bearer [\x21-\x7e]+$/.test(text))
      throw refused('the token is empty or malformed');
    if (!/^[\x20-\x7e]+$/.test(text)) throw refused(`${name} is empty or malformed`);
    result[name] = text;
  }
  return result;
}

function refused(why: string): KubeApiError {
  return ownError('credentials of the API server', 'NoCredentials', why);
}

function isOurs(cause: unknown): cause is KubeApiError {
  return cause instanceof Error && cause.name === 'KubeApiError';
}
