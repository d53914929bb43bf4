/** As much of a Pod as is played here. */
import type { KubeObject } from '../../../src/kube/types.ts';

export interface Ref {
  readonly name: string;
  readonly optional?: boolean;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly configMapKeyRef?: Ref & { readonly key: string };
    readonly secretKeyRef?: Ref & { readonly key: string };
  };
}

export interface Probe {
  readonly httpGet?: { readonly path?: string; readonly port: number | string; readonly scheme?: string };
  readonly tcpSocket?: { readonly port: number | string };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

interface SecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly runAsNonRoot?: boolean;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly { prefix?: string; configMapRef?: Ref; secretRef?: Ref }[];
  readonly ports?: readonly { name?: string; containerPort: number }[];
  readonly volumeMounts?: readonly { name: string; mountPath: string; readOnly?: boolean; subPath?: string }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: object;
  readonly restartPolicy?: string;
  readonly securityContext?: SecurityContext & { readonly privileged?: boolean };
}

export interface Item {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}

export interface FieldFile {
  readonly path: string;
  readonly fieldRef?: { readonly fieldPath: string };
  readonly mode?: number;
}

export interface Source {
  readonly secret?: Ref & { readonly items?: readonly Item[] };
  readonly configMap?: Ref & { readonly items?: readonly Item[] };
  readonly downwardAPI?: { readonly items: readonly FieldFile[] };
  readonly serviceAccountToken?: { audience?: string; expirationSeconds?: number; path: string };
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly secret?: { secretName: string; optional?: boolean; items?: readonly Item[]; defaultMode?: number };
  readonly configMap?: Ref & { readonly items?: readonly Item[]; readonly defaultMode?: number };
  readonly downwardAPI?: { readonly items: readonly FieldFile[]; readonly defaultMode?: number };
  readonly projected?: { readonly sources: readonly Source[]; readonly defaultMode?: number };
}

export interface Pod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly schedulingGates?: readonly object[];
    readonly serviceAccountName?: string;
    readonly enableServiceLinks?: boolean;
    readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
    readonly terminationGracePeriodSeconds?: number;
    readonly hostNetwork?: boolean;
    readonly hostPID?: boolean;
    readonly hostIPC?: boolean;
    readonly activeDeadlineSeconds?: number;
    readonly securityContext?: SecurityContext & { readonly fsGroup?: number };
    readonly volumes?: readonly Volume[];
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
  };
  readonly status?: { readonly phase?: string; readonly podIP?: string; readonly hostIP?: string };
}

/** @returns what of it is not played here; what it would do in a cluster is then not known */
export function notPlayed({ spec }: Pod): string | undefined {
  const { hostNetwork, hostPID, hostIPC, activeDeadlineSeconds, volumes = [], initContainers = [], containers } = spec;
  if (hostNetwork || hostPID || hostIPC) return "the host's namespaces";
  if (activeDeadlineSeconds !== undefined) return 'activeDeadlineSeconds';
  const played = ['name', 'emptyDir', 'secret', 'configMap', 'downwardAPI', 'projected'];
  const other = volumes.flatMap((one) => Object.keys(one)).find((key) => !played.includes(key));
  if (other) return `volumes of kind ${other}`;
  for (const one of [...initContainers, ...containers]) {
    if (one.lifecycle) return 'lifecycle hooks';
    if (one.restartPolicy) return 'sidecars';
    if (one.volumeMounts?.some(({ subPath }) => subPath)) return 'subPath';
    if (one.securityContext?.privileged) return 'privileged containers';
    for (const probe of [one.startupProbe, one.livenessProbe, one.readinessProbe])
      if (probe && !probe.httpGet && !probe.tcpSocket) return 'probes but httpGet and tcpSocket';
  }
  return undefined;
}
