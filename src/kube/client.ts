import type { Clock } from '../clock.ts';
import type { CredentialSource } from './credentials.ts';
import type { KubeClient } from './types.ts';

export interface ClientOptions {
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** Random bytes, for jitter. */
  readonly random: (bytes: number) => Uint8Array;
  /** Default `trustmint`. */
  readonly userAgent?: string;
  /** Requests a second and at once; watches are not counted. Default 20 and 30. */
  readonly rate?: { readonly qps: number; readonly burst: number };
  /** Called after each request, for metrics. Status 0: no answer. */
  readonly onRequest?: (verb: string, status: number, milliseconds: number) => void;
}

/** Speaks to one API server. */
export function createKubeClient(_options: ClientOptions): KubeClient {
  throw new Error('being written');
}
