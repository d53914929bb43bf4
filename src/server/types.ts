/** What the server is given and what it gives back. */
import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { AgentAsked, Engine } from '../exchange/types.ts';
import type { Metrics } from './metrics.ts';

export interface Address {
  /** An address or name to bind. Loopback: `localhost`, 127.0.0.0/8, `::1`. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

/** One line of the operator's log. Fields never hold a credential. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, string | number | boolean>>,
) => void;

/** PEM files; read again when their content changes. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate chain and its private key, PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** Certificates that are made, or read, and replaced while the server runs. */
export interface CertificateSource {
  /** Undefined: there is none yet. Until then handshakes on the public listener fail. */
  current(): CertificatePair | undefined;
  /** The ops listener's until then: the kubelet's probes verify none, and are to hear what is missing. */
  readonly stopgap?: CertificatePair;
  /** Calls back with each that takes the place of another, usable for sure. @returns stops that */
  follow(changed: (pair: CertificatePair) => void): () => void;
}

/** The limits of both listeners, for hot and express routes alike. */
export interface Limits {
  /** Bytes of a request body, counted while reading. */
  readonly bodyBytes: number;
  /** Bytes of all headers and the request line. */
  readonly headerBytes: number;
  /** Milliseconds until the headers must be complete. */
  readonly headersMs: number;
  /** Milliseconds until the whole request must have arrived. */
  readonly requestMs: number;
  /** Milliseconds a kept-alive connection may idle between requests. */
  readonly keepAliveMs: number;
  /** Milliseconds without a byte in either direction while a request is under way. */
  readonly idleMs: number;
  /** Connections of one listener. */
  readonly connections: number;
  /** Requests on one connection; 0 is no limit. */
  readonly requestsPerSocket: number;
  /** Milliseconds of event-loop lag from which `/healthz` fails. */
  readonly lagMs: number;
  /** Milliseconds between looks at the TLS files. */
  readonly tlsPollMs: number;
}

/**
 * Whom the cluster lets ask, instead of one secret for all. `verifier` is of verify, keys and revocations.
 */
export interface Access {
  /**
   * Never rejects.
   * @param bearer the token that the caller presented; undefined: none, or not one
   * @param resource what a verifier asks about, once it is known: name, URI or audience
   * @returns `unauthorized`: 401. `forbidden`: 403. `unavailable`: it could not be found out, 503
   */
  authorize(
    kind: 'verifier' | 'explain' | 'policies',
    bearer: string | undefined,
    resource?: string,
  ): Promise<'ok' | 'unauthorized' | 'forbidden' | 'unavailable'>;
}

export interface AgentCaller {
  /** What the caller presented; absent: nothing, or no bearer token. */
  readonly bearer?: string;
  readonly peer: string;
  readonly correlationId: string;
}

export type AgentAnswer =
  | {
      /** `unchanged`: one that says the same was there. */
      readonly result: 'registered' | 'unchanged' | 'retired';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
      /** For the record. */
      readonly requestedBy?: string;
    }
  | {
      readonly result: 'refused';
      readonly code:
        | 'unauthorized'
        | 'forbidden'
        | 'invalid_request'
        | 'conflict'
        | 'not_found'
        | 'temporarily_unavailable';
      readonly message: string;
      readonly requestedBy?: string;
    };

/** Registers agents, and leaves records of that. Neither rejects. */
export interface AgentRegistry {
  register(asked: AgentAsked, caller: AgentCaller): Promise<AgentAnswer>;
  retire(asked: { readonly namespace?: string; readonly name: string }, caller: AgentCaller): Promise<AgentAnswer>;
}

/** A bearer token that callers must present; undefined while there is none to compare with: then nobody may ask. */
export type SecretProvider = () => Uint8Array | undefined;

export interface ServerOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Cryptographically secure bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
  /** Exchange, verify, keys, revocations. */
  readonly listen: Address;
  /** Probes, metrics, policies, explain. */
  readonly opsListen: Address;
  /** The public listener speaks TLS with it, and the ops listener unless it is on loopback. */
  readonly tls?: TlsFiles | CertificateSource;
  /** Allows plain HTTP beyond loopback: something in front terminates TLS. */
  readonly insecureHttp: boolean;
  /** Whoever asks verify, keys and revocations must present it; absent: loopback listeners only. */
  readonly verifierToken?: SecretProvider;
  /** Whoever asks policies and explain must present it; absent: loopback listeners only. */
  readonly adminToken?: SecretProvider;
  /** Takes the place of both tokens, and of the rule for loopback listeners. */
  readonly access?: Access;
  /** Absent: there is no `/api/agents`. With `access` it decides by itself who may ask. */
  readonly agents?: AgentRegistry;
  readonly limits?: Partial<Limits>;
  /** For `trustmint_build_info`. */
  readonly version?: string;
  /** Of the process, where it has others than the server's; default: the server's own. */
  readonly metrics?: Metrics;
}

export interface TrustmintServer {
  /**
   * Binds both listeners.
   * @throws ServerError `tls_required`, `tls_files`, `listen_failed`
   */
  start(): Promise<{ readonly url: string; readonly opsUrl: string }>;
  /**
   * From now on `/readyz` fails and answers close their connections; requests go on being accepted and answered, so that
   * whoever sends them has time to learn.
   */
  retire(): void;
  /**
   * Drains: readiness fails first, nothing new is accepted, what is under way is answered with `Connection: close`,
   * and after `graceMs` milliseconds what is left is cut.
   */
  close(graceMs: number): Promise<void>;
  /** The server's own metrics registry, for further metrics of the process. */
  readonly registry: Registry;
}
