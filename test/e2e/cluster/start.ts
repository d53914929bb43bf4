/** The processes of a cluster and the flags they are started with. */
import { join } from 'node:path';
import { binary } from './assets.ts';
import type { KeyPair } from './certificates.ts';
import { Component } from './component.ts';

/** What the components share. Ports are of 127.0.0.1. */
export interface Layout {
  dir: string;
  ports: { etcd: number; etcdPeer: number; apiserver: number; controllerManager: number };
  serving: KeyPair;
  servingAuthority: KeyPair;
  clientAuthority: KeyPair;
  tokenKeys: { key: string; pub: string };
  adminKubeconfig: string;
  onPid(pid: number, running: boolean): void;
}

export function etcd({ dir, ports, onPid }: Layout): Component {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  const flags = [
    '--name=t',
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=t=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
  const logFile = join(dir, 'etcd.log');
  return new Component({ name: 'etcd', path: binary('etcd'), flags, readyUrl: `${client}/health`, logFile, onPid });
}

export function apiserver(layout: Layout): Component {
  const { dir, ports, tokenKeys, onPid } = layout;
  const server = `https://127.0.0.1:${ports.apiserver}`;
  const flags = [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.apiserver}`,
    `--tls-cert-file=${layout.serving.cert}`,
    `--tls-private-key-file=${layout.serving.key}`,
    `--client-ca-file=${layout.clientAuthority.cert}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--service-account-issuer=${server}`,
    `--service-account-jwks-uri=${server}/openid/v1/jwks`,
    `--service-account-key-file=${tokenKeys.pub}`,
    `--service-account-signing-key-file=${tokenKeys.key}`,
    `--api-audiences=${server}`,
    '--authorization-mode=RBAC',
    '--anonymous-auth=true',
    '--enable-admission-plugins=NamespaceLifecycle,ServiceAccount',
    '--allow-privileged=true',
    '--endpoint-reconciler-type=none',
    '--enable-priority-and-fairness=false',
  ];
  const [name, readyUrl] = ['kube-apiserver', `${server}/readyz`] as const;
  return new Component({ name, path: binary(name), flags, readyUrl, logFile: join(dir, 'kube-apiserver.log'), onPid });
}

export function controllerManager(layout: Layout): Component {
  const { dir, ports, onPid } = layout;
  const flags = [
    `--kubeconfig=${layout.adminKubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllerManager}`,
    `--tls-cert-file=${layout.serving.cert}`,
    `--tls-private-key-file=${layout.serving.key}`,
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${layout.tokenKeys.key}`,
    `--root-ca-file=${layout.servingAuthority.cert}`,
    '--controllers=*,-nodeipam,-nodelifecycle,-cloud-node-lifecycle,-service-lb-controller,-node-route-controller',
  ];
  const name = 'kube-controller-manager';
  const readyUrl = `https://127.0.0.1:${ports.controllerManager}/healthz`;
  return new Component({ name, path: binary(name), flags, readyUrl, logFile: join(dir, `${name}.log`), onPid });
}
