/** A cluster's own certificate authorities and what they sign, made with openssl when the cluster starts. */
import { execFile } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const P256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const DAYS = '2';

/** Paths of a certificate and its key, both PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

/** A certificate authority at `<dir>/<name>.crt`; an old one of that name is replaced in one step. */
export async function createAuthority(dir: string, name: string): Promise<KeyPair> {
  const pair = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
  const next = { cert: `${pair.cert}.next`, key: `${pair.key}.next` };
  const subject = `/CN=${name}-${Date.now()}`;
  await run('openssl', [
    'req',
    '-x509',
    ...P256,
    '-subj',
    subject,
    '-days',
    DAYS,
    '-keyout',
    next.key,
    '-out',
    next.cert,
  ]);
  await replace(next, pair);
  return pair;
}

/** The API server's address among the Services', by which Pods know it. */
const SERVICE_ADDRESS = '10.0.0.1';

/** A serving certificate for 127.0.0.1 and localhost, for Pods, and another address. */
export function createServingCertificate(
  dir: string,
  name: string,
  authority: KeyPair,
  address = '127.0.0.1',
): Promise<KeyPair> {
  const names = `IP:127.0.0.1,IP:${SERVICE_ADDRESS},IP:${address},DNS:localhost,DNS:kubernetes.default.svc`;
  return sign(dir, name, authority, '/CN=kube-apiserver', `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
}

/** A client certificate: to the API server its common name is the user, its organisations are the groups. */
export function createClientCertificate(
  dir: string,
  name: string,
  authority: KeyPair,
  { user, groups = [] }: { user: string; groups?: readonly string[] },
): Promise<KeyPair> {
  const part = (key: string, value: string) => `/${key}=${value.replaceAll(/[\\/+]/g, '\\$&')}`;
  const subject = groups.map((group) => part('O', group)).join('') + part('CN', user);
  return sign(dir, name, authority, subject, 'extendedKeyUsage=clientAuth\n');
}

/** The key pair that signs the cluster's service account tokens: RSA, as most clusters have it. */
export async function createTokenKeys(dir: string, name = 'sa'): Promise<{ key: string; pub: string }> {
  const pair = { key: join(dir, `${name}.key`), pub: join(dir, `${name}.pub`) };
  await run('openssl', ['genrsa', '-out', pair.key, '2048']);
  await run('openssl', ['rsa', '-in', pair.key, '-pubout', '-out', pair.pub]);
  return pair;
}

async function sign(
  dir: string,
  name: string,
  authority: KeyPair,
  subject: string,
  extensions: string,
): Promise<KeyPair> {
  const pair = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
  const next = { cert: `${pair.cert}.next`, key: `${pair.key}.next` };
  const [request, file] = [join(dir, `${name}.csr`), join(dir, `${name}.ext`)];
  await writeFile(file, extensions);
  await run('openssl', ['req', '-new', ...P256, '-subj', subject, '-keyout', next.key, '-out', request]);
  const signer = ['-CA', authority.cert, '-CAkey', authority.key, '-set_serial', `${process.hrtime.bigint()}`];
  await run('openssl', ['x509', '-req', '-in', request, ...signer, '-days', DAYS, '-extfile', file, '-out', next.cert]);
  await replace(next, pair);
  await Promise.all([rm(request), rm(file)]);
  return pair;
}

async function replace(next: KeyPair, pair: KeyPair): Promise<void> {
  await rename(next.key, pair.key);
  await rename(next.cert, pair.cert);
}
