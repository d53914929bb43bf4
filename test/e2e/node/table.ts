/** What the node's network is told, and the addresses that everybody knows. */

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Table {
  /** Each address and port of a Service, and where its connections go. */
  readonly services: readonly (Endpoint & { readonly endpoints: readonly Endpoint[] })[];
  /** Fully qualified names, and the addresses they stand for. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

/** Of the Services, as the API server hands them out: its own is the first. */
export const SERVICE_RANGE = '10.0.0.0/24';
export const API_SERVER: Endpoint = { address: '10.0.0.1', port: 443 };
/** Handed out to no Service before all others are: the lower addresses are kept for those that are asked for. */
export const DNS_SERVER = '10.0.0.10';
export const CLUSTER_DOMAIN = 'cluster.local';
/** The node's own address on each Pod's link. */
export const GATEWAY = '10.244.0.1';
/** @param n from 1 */
export const podAddress = (n: number) => `10.244.${1 + Math.floor(n / 250)}.${1 + (n % 250)}`;
