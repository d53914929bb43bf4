/** A kubeconfig that refers to its files, so that a test can rotate what is in them. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { KeyPair } from './certificates.ts';

/** What the API server is shown: a client certificate, or the token in a file. */
export type Credential = KeyPair | { tokenFile: string };

/**
 * @param ca path of the authority that signed the server's certificate
 * @returns `path`
 */
export async function writeKubeconfig(
  path: string,
  server: string,
  ca: string,
  credential: Credential,
  namespace?: string,
): Promise<string> {
  const user =
    'tokenFile' in credential
      ? { tokenFile: credential.tokenFile }
      : { 'client-certificate': credential.cert, 'client-key': credential.key };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': ca } }],
    users: [{ name: 'user', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user', ...(namespace && { namespace }) } }],
    'current-context': 'test',
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}
