import type { Clock } from '../clock.ts';
import type { CredentialSource } from './credentials.ts';

export interface ConfigOptions {
  readonly clock: Clock;
}

/** The configuration that a pod is given. */
export function loadInCluster(_options: ConfigOptions & { readonly root?: string }): Promise<CredentialSource> {
  throw new Error('being written');
}

/** A kubeconfig file. */
export function loadKubeconfig(
  _path: string,
  _context: string | undefined,
  _options: ConfigOptions,
): Promise<CredentialSource> {
  throw new Error('being written');
}
