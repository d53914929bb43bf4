/** Two nodes and their kubelets: Pods that are bound to one of them run, as processes of this machine. */
import type { KubeClient, KubeObject } from '../../../src/kube/types.ts';
import type { DataOf } from './environment.ts';
import { core, follow, keyOf, PODS } from './follow.ts';
import type { Network } from './network.ts';
import { PodLife } from './pod-life.ts';
import type { Pod } from './pod-types.ts';
import { type Raw, RawError } from './raw.ts';
import { podAddress } from './table.ts';

/** What a Pod's life asks of its node. */
export interface Node {
  /** Of all Pods: `pods/`, `logs/`. */
  readonly dir: string;
  readonly network: Network;
  address(): string;
  services(): readonly KubeObject[];
  dataOf(namespace: string): DataOf;
  tokenOf(
    namespace: string,
    account: string,
    pod: { readonly name: string; readonly uid: string },
    audience: string | undefined,
    seconds: number,
  ): Promise<string>;
  /** @returns false: it is not known whether it was heard; say it again */
  say(pod: Pod, status: object): Promise<boolean>;
}

export interface KubeletParts {
  readonly client: KubeClient;
  readonly raw: Raw;
  readonly network: Network;
  readonly dir: string;
  readonly nodes: readonly string[];
  services(): readonly KubeObject[];
}

export class Kubelet {
  readonly #parts: KubeletParts;
  /** By uid. */
  readonly #lives = new Map<string, PodLife>();
  readonly #node: Node;
  #addresses = 0;

  constructor(parts: KubeletParts) {
    this.#parts = parts;
    const { client, raw, network, dir, services } = parts;
    this.#node = {
      dir,
      network,
      services,
      address: () => {
        this.#addresses += 1;
        return podAddress(this.#addresses);
      },
      dataOf: (namespace) => async (kind, name) => {
        const found = await client.get(core(kind), name, namespace).catch((error) => {
          if (error.status === 404) return undefined;
          throw error;
        });
        if (!found) return undefined;
        const { data = {}, binaryData = {} } = found as { data?: Record<string, string>; binaryData?: object };
        const plain = kind === 'configmaps' ? 'utf8' : 'base64';
        return new Map([
          ...Object.entries(data).map(([key, value]) => [key, Buffer.from(value, plain)] as const),
          ...Object.entries(binaryData).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
        ]);
      },
      async tokenOf(namespace, account, { name, uid }, audience, seconds) {
        const { status } = await raw('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            ...(audience && { audiences: [audience] }),
            expirationSeconds: seconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        });
        return (status as { token: string }).token;
      },
      async say({ metadata: { name, namespace, uid } }, status) {
        try {
          const patch = { metadata: { uid }, status };
          await client.patch(PODS, name, namespace, 'merge', patch, { subresource: 'status' });
          return true;
        } catch (error) {
          // Gone, or another of its name.
          return [404, 409].includes((error as { status?: number }).status ?? 0);
        }
      },
    };
  }

  lifeOf(namespace: string, name: string): PodLife | undefined {
    return [...this.#lives.values()].find(
      ({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name,
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    await follow(this.#parts.client, PODS, signal, (all, changed) => {
      const pods = (changed === undefined ? [...all.values()] : [all.get(changed)]) as (Pod | undefined)[];
      for (const pod of pods) if (pod?.spec.nodeName && this.#parts.nodes.includes(pod.spec.nodeName)) this.#see(pod);
      // Deleted by force, say: nobody waits for it.
      for (const life of this.#lives.values()) {
        const there = all.get(keyOf(life.pod));
        if (there?.metadata.uid !== life.pod.metadata.uid) void this.#forget(life, 0);
      }
    });
  }

  /** Kills everything. */
  async stop(): Promise<void> {
    await Promise.all([...this.#lives.values()].map((life) => life.end(0)));
  }

  #see(pod: Pod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    const known = this.#lives.get(uid);
    const hasEnded = ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '');
    if (!known && !hasEnded && !deletionTimestamp) this.#lives.set(uid, new PodLife(this.#node, pod));
    if (known) known.pod = { ...pod, status: { ...pod.status, ...pick(known.pod.status) } };
    if (deletionTimestamp) void this.#delete(pod);
  }

  async #delete(pod: Pod): Promise<void> {
    const { uid, name, namespace, deletionGracePeriodSeconds } = pod.metadata as Pod['metadata'] & {
      deletionGracePeriodSeconds?: number;
    };
    const life = this.#lives.get(uid);
    if (life) await life.end(deletionGracePeriodSeconds);
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
    await this.#parts.raw('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, body).catch((error) => {
      if (!(error instanceof RawError && [404, 409].includes(error.status))) throw error;
    });
    if (life) await this.#forget(life, 0);
  }

  async #forget(life: PodLife, seconds: number): Promise<void> {
    await life.end(seconds);
    this.#lives.delete(life.pod.metadata.uid);
    await life.remove();
  }
}

const pick = (status: Pod['status']) => ({
  ...(status?.podIP && { podIP: status.podIP }),
  ...(status?.hostIP && { hostIP: status.hostIP }),
});
