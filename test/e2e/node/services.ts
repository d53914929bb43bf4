/** kube-proxy and DNS: which endpoints a Service's addresses and names lead to. */
import type { KubeClient, KubeObject } from '../../../src/kube/types.ts';
import { ENDPOINT_SLICES, follow, SERVICES } from './follow.ts';
import { CLUSTER_DOMAIN, type Endpoint, type Table } from './table.ts';

interface ServiceSpec {
  readonly clusterIP?: string;
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
}

interface Slice extends KubeObject {
  readonly endpoints: readonly { addresses: string[]; conditions?: { ready?: boolean; serving?: boolean } }[] | null;
  readonly ports: readonly { name?: string; port?: number }[] | null;
}

export interface Services {
  all(): readonly KubeObject[];
  /** A Service's own, for one of its ports by name or number. */
  addressOf(namespace: string, name: string, port: string | number): Endpoint | undefined;
}

export function followServices(client: KubeClient, signal: AbortSignal, onTable: (table: Table) => void): Services {
  let services: readonly KubeObject[] = [];
  let slices: readonly Slice[] = [];
  const changed = () => onTable(tableOf(services, slices));
  void follow(client, SERVICES, signal, (all) => {
    services = [...all.values()];
    changed();
  });
  void follow(client, ENDPOINT_SLICES, signal, (all) => {
    slices = [...all.values()] as Slice[];
    changed();
  });
  return {
    all: () => services,
    addressOf(namespace, name, port) {
      const service = services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
      const wanted = portsOf(service).find((one) => one.name === port || one.port === port);
      const { clusterIP } = specOf(service);
      return wanted && clusterIP ? { address: clusterIP, port: wanted.port } : undefined;
    },
  };
}

const specOf = (service: KubeObject | undefined) => (service?.spec ?? {}) as ServiceSpec;
const portsOf = (service: KubeObject | undefined) =>
  (specOf(service).ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
const isApiServer = ({ metadata }: KubeObject) => metadata.namespace === 'default' && metadata.name === 'kubernetes';

function tableOf(all: readonly KubeObject[], slices: readonly Slice[]): Table {
  const names: Record<string, string[]> = {};
  const services: (Endpoint & { endpoints: readonly Endpoint[] })[] = [];
  for (const service of all) {
    const { clusterIP = 'None' } = specOf(service);
    const name = `${service.metadata.name}.${service.metadata.namespace}.svc.${CLUSTER_DOMAIN}`;
    const headless = clusterIP === 'None';
    names[name] = headless ? addressesOf(service, slices) : [clusterIP];
    if (headless || isApiServer(service)) continue;
    for (const { name: portName = '', port } of portsOf(service))
      services.push({ address: clusterIP, port, endpoints: endpointsOf(service, portName, slices) });
  }
  return { services, names };
}

const slicesOf = ({ metadata }: KubeObject, slices: readonly Slice[]) =>
  slices.filter(
    (slice) =>
      slice.metadata.namespace === metadata.namespace &&
      slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name,
  );

const readyOf = ({ endpoints }: Slice) =>
  (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) => addresses);

const addressesOf = (service: KubeObject, slices: readonly Slice[]) =>
  slicesOf(service, slices).flatMap((slice) => readyOf(slice));

function endpointsOf(service: KubeObject, portName: string, slices: readonly Slice[]): Endpoint[] {
  return slicesOf(service, slices).flatMap((slice) => {
    const port = (slice.ports ?? []).find(({ name = '' }) => name === portName)?.port;
    return port === undefined ? [] : readyOf(slice).map((address) => ({ address, port }));
  });
}
