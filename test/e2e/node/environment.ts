/** What a container's specification says of its variables and its command line. */
import type { KubeObject } from '../../../src/kube/types.ts';
import type { Container, EnvVar, Pod } from './pod-types.ts';
import { API_SERVER } from './table.ts';

/** The data of a Secret or ConfigMap, decoded; undefined: there is none. */
export type DataOf = (kind: 'secrets' | 'configmaps', name: string) => Promise<ReadonlyMap<string, Buffer> | undefined>;

/** A container cannot be created for now: `message` is for its status. */
export class NotCreated extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A field by its path, as the downward API has it. */
export function fieldOf(pod: Pod, path: string): string {
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map && key) return pod.metadata[map as 'labels' | 'annotations']?.[key] ?? '';
  const lines = (all: Readonly<Record<string, string>> = {}) =>
    Object.entries(all)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join('\n');
  const fields: Record<string, () => string | undefined> = {
    'metadata.name': () => pod.metadata.name,
    'metadata.namespace': () => pod.metadata.namespace,
    'metadata.uid': () => pod.metadata.uid,
    'metadata.labels': () => lines(pod.metadata.labels),
    'metadata.annotations': () => lines(pod.metadata.annotations),
    'spec.nodeName': () => pod.spec.nodeName,
    'spec.serviceAccountName': () => pod.spec.serviceAccountName,
    'status.podIP': () => pod.status?.podIP,
    'status.podIPs': () => pod.status?.podIP,
    'status.hostIP': () => pod.status?.hostIP,
  };
  if (!Object.hasOwn(fields, path)) throw new NotCreated('NotPlayed', `fieldRef ${path} is not played here`);
  return fields[path]!() ?? '';
}

/** Variables of the image, of the Services of its namespace, and of the specification, in this order. */
export async function environmentOf(
  pod: Pod,
  container: Container,
  base: Readonly<Record<string, string>>,
  services: readonly KubeObject[],
  data: DataOf,
): Promise<Record<string, string>> {
  // HOME is what a runtime gives to an account that is in no /etc/passwd.
  const env: Record<string, string> = {
    HOME: '/',
    ...base,
    HOSTNAME: pod.metadata.name,
    ...serviceLinks(pod, services),
  };
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const ref = configMapRef ?? secretRef!;
    const found = await data(secretRef ? 'secrets' : 'configmaps', ref.name);
    if (!found && !ref.optional) throw new NotCreated('CreateContainerConfigError', `"${ref.name}" not found`);
    for (const [key, value] of found ?? []) env[prefix + key] = value.toString();
  }
  for (const one of container.env ?? []) {
    const value = await resolved(pod, one, env, data);
    if (value !== undefined) env[one.name] = value;
  }
  return env;
}

async function resolved(pod: Pod, { value, valueFrom }: EnvVar, env: Record<string, string>, data: DataOf) {
  if (!valueFrom) return expanded(value ?? '', env);
  const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) return fieldOf(pod, fieldRef.fieldPath);
  const ref = configMapKeyRef ?? secretKeyRef;
  if (!ref) throw new NotCreated('NotPlayed', 'resourceFieldRef is not played here');
  const found = (await data(secretKeyRef ? 'secrets' : 'configmaps', ref.name))?.get(ref.key);
  if (!found && !ref.optional) {
    throw new NotCreated('CreateContainerConfigError', `couldn't find key ${ref.key} in "${ref.name}"`);
  }
  return found?.toString();
}

/** `$(NAME)` where there is such a variable, and `$$` for `$`. */
export const expanded = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replace(/\$(?:\$|\(([^()]+)\))/g, (whole, name?: string) =>
    name === undefined ? '$' : Object.hasOwn(env, name) ? env[name]! : whole,
  );

function serviceLinks(pod: Pod, services: readonly KubeObject[]): Record<string, string> {
  const env: Record<string, string> = {
    KUBERNETES_SERVICE_HOST: API_SERVER.address,
    KUBERNETES_SERVICE_PORT: String(API_SERVER.port),
  };
  if (pod.spec.enableServiceLinks === false) return env;
  for (const { metadata, spec } of services) {
    const { clusterIP, ports = [] } = spec as { clusterIP?: string; ports?: { name?: string; port: number }[] };
    if (metadata.namespace !== pod.metadata.namespace || !clusterIP || clusterIP === 'None') continue;
    const name = upper(metadata.name);
    const url = (port: number) => `tcp://${clusterIP}:${port}`;
    env[`${name}_SERVICE_HOST`] = clusterIP;
    env[`${name}_SERVICE_PORT`] = String(ports[0]?.port);
    env[`${name}_PORT`] = url(ports[0]?.port ?? 0);
    for (const one of ports) {
      if (one.name) env[`${name}_SERVICE_PORT_${upper(one.name)}`] = String(one.port);
      const of = `${name}_PORT_${one.port}_TCP`;
      Object.assign(env, { [of]: url(one.port), [`${of}_PROTO`]: 'tcp', [`${of}_PORT`]: String(one.port) });
      env[`${of}_ADDR`] = clusterIP;
    }
  }
  return env;
}

const upper = (name: string) => name.toUpperCase().replaceAll('-', '_');
