/** What values the chart takes: the shape of charts/trustmint/values.yaml. What each one means is said there. */
import { z } from 'zod';

const object = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape).partial();
/** What Kubernetes itself judges. */
const any = z.looseObject({});
const anys = z.array(any);
const strings = z.record(z.string(), z.string());

const orNothing = (pattern: string) => z.string().regex(new RegExp(`^(${pattern})?$`));
const NAMESPACE = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
const NAME = `${NAMESPACE}([.]${NAMESPACE})*`;
const LABEL = '[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?';
const HOST = `${LABEL}([.]${LABEL})*`;
const name = orNothing(NAME);
const namespaces = z.array(z.string().regex(new RegExp(`^${NAMESPACE}$`)));
const host = z.string().regex(new RegExp(`^(\\*\\.)?${HOST}$`));
/** The mint of a chart always speaks TLS. */
const url = orNothing(`https://${HOST}(:[0-9]{1,5})?(/[^\\s"'?#]*)?`);
/** As `90s`, `10m`, `24h`. */
const duration = orNothing('[0-9]+(s|m|h)');
const port = z.int().min(1).max(65_535);
const paths = z.array(z.string().regex(/^\/[^\s"']*$/));
const cidrs = z.array(z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/));

const image = object({
  repository: z.string().regex(/^[a-z0-9][-a-zA-Z0-9._/:]*$/),
  tag: orNothing('[A-Za-z0-9_][-A-Za-z0-9._]{0,127}'),
  digest: orNothing('sha256:[0-9a-f]{64}'),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
});

const tls = object({
  mode: z.enum(['selfSigned', 'certManager', 'secret']),
  secretName: name,
  dnsNames: z.array(host),
  caConfigMap: name,
  caNamespaces: namespaces,
  publicAuthority: z.boolean(),
  certManager: object({
    issuerRef: object({ name, kind: z.string(), group: z.string() }),
    duration,
    renewBefore: duration,
  }),
});

const switchable = object({ enabled: z.boolean() });

const admissionPolicies = object({
  namespaceLabels: switchable,
  operatorWrites: switchable,
  agentLabels: object({
    enabled: z.boolean(),
    orchestrators: z.array(z.string().regex(new RegExp(`^${NAMESPACE}/${NAME}$`))),
    labels: z.array(z.string().regex(/^([a-z0-9][-a-z0-9.]*\/)?[A-Za-z0-9][-A-Za-z0-9_.]*$/)).min(1),
  }),
});

const networkPolicy = object({
  enabled: z.boolean(),
  ingress: object({ mintFrom: anys, opsFrom: anys }),
  egress: object({
    apiServerPorts: z.array(port).min(1),
    apiServerCidrs: cidrs,
    issuerPorts: z.array(port),
    issuerCidrs: cidrs,
  }),
  extraEgress: anys,
});

const metrics = object({
  serviceMonitor: object({
    enabled: z.boolean(),
    labels: strings,
    interval: duration,
    scrapeTimeout: duration,
    relabelings: anys,
    metricRelabelings: anys,
  }),
  prometheusRule: object({ enabled: z.boolean(), labels: strings, runbookUrl: z.string().min(1) }),
  grafanaDashboard: object({ enabled: z.boolean(), labels: strings, annotations: strings }),
});

/** Strict: a misspelt value is refused. */
export const values = object({
  replicaCount: z.int().min(0),
  image,
  imagePullSecrets: z.array(z.strictObject({ name: z.string() })),
  fullnameOverride: orNothing('[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?'),
  issuer: url,
  clusterDomain: z.string().regex(new RegExp(`^${HOST}$`)),
  tenancy: object({
    mode: z.enum(['namespace', 'namespace-label', 'single']),
    tenant: orNothing('[A-Za-z0-9][-A-Za-z0-9._:/@+]{0,127}'),
  }),
  watchNamespaces: namespaces,
  config: object({
    maxTtl: duration,
    maxStaleness: duration,
    rateLimit: orNothing('[1-9][0-9]*(,[1-9][0-9]*)?'),
    rotateKeys: duration,
    defaultAudience: orNothing('[^\\s"\']+'),
    serviceAccountIssuers: z.array(z.string().regex(/^https:\/\/[^\s"',]+$/)),
    finalizers: z.boolean(),
  }),
  log: object({ level: z.enum(['', 'debug', 'info', 'warn', 'error']), format: z.enum(['', 'auto', 'json', 'text']) }),
  drainDelay: duration,
  terminationGracePeriodSeconds: z.int().min(1),
  tls,
  crds: object({ enabled: z.boolean(), keep: z.boolean() }),
  admissionPolicies,
  rbac: object({ create: z.boolean(), aggregate: z.boolean(), platform: z.boolean() }),
  serviceAccount: object({ create: z.boolean(), name, annotations: strings }),
  service: object({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
    port,
    annotations: strings,
    loadBalancerClass: z.string(),
    loadBalancerSourceRanges: cidrs,
    externalTrafficPolicy: z.enum(['', 'Cluster', 'Local']),
  }),
  podDisruptionBudget: object({
    enabled: z.boolean(),
    maxUnavailable: z.union([z.int().min(0), z.string().regex(/^[0-9]{1,3}%$/)]),
  }),
  topologySpreadConstraints: anys,
  autoscaling: object({
    enabled: z.boolean(),
    minReplicas: z.int().min(1),
    maxReplicas: z.int().min(1),
    targetCPUUtilizationPercentage: z.int().min(1),
  }),
  priorityClassName: name,
  resources: any,
  nodeSelector: strings,
  tolerations: anys,
  affinity: any,
  podAnnotations: strings,
  podLabels: strings,
  podSecurityContext: any,
  securityContext: any,
  networkPolicy,
  metrics,
  ingress: object({
    enabled: z.boolean(),
    className: name,
    annotations: strings,
    hosts: z.array(host),
    paths,
    tls: anys,
  }),
  gateway: object({
    enabled: z.boolean(),
    parentRefs: anys,
    hostnames: z.array(host),
    annotations: strings,
    paths,
    backendTLSPolicy: switchable,
  }),
  tests: object({ enabled: z.boolean(), url }),
  hooks: object({ podLabels: strings, podAnnotations: strings }),
  uninstall: object({ enabled: z.boolean(), timeout: duration }),
  extraArgs: z.array(z.string().min(1)),
  extraEnv: anys,
  extraVolumes: anys,
  extraVolumeMounts: anys,
  extraObjects: z.array(z.union([any, z.string()])),
  commonLabels: strings,
  /** Helm gives it to every chart of another. */
  global: any,
});
