/** A container of a Pod: from its specification to what is started. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerOptions, Mount } from './container.ts';
import { environmentOf, expanded, NotCreated } from './environment.ts';
import { imageOf } from './image.ts';
import type { Node } from './kubelet.ts';
import type { Live } from './pod-status.ts';
import type { Pod } from './pod-types.ts';
import { CLUSTER_DOMAIN, DNS_SERVER } from './table.ts';
import type { PodVolumes } from './volumes.ts';

export interface Place {
  readonly node: Node;
  /** The Pod's own folder. */
  readonly dir: string;
  /** A name in it that nothing has. */
  readonly root: string;
  readonly volumes: PodVolumes;
}

/** What a container wrote: it stays when its Pod goes. */
export const logFileOf = (dir: string, namespace: string, pod: string, container: string) =>
  join(dir, 'logs', `${namespace}_${pod}_${container}.log`);

/** @throws NotCreated while it cannot be created */
export async function optionsOf(pod: Pod, one: Live, place: Place): Promise<ContainerOptions> {
  const { spec, metadata } = pod;
  const container = one.spec;
  const { node, dir, root, volumes } = place;
  const image = await imageOf(container.image);
  if (!image) throw new NotCreated('ErrImagePull', `there is no image ${container.image} here`);
  one.imageId = image.id;
  const security = { ...spec.securityContext, ...container.securityContext };
  const user = security.runAsUser ?? image.user;
  if (user === 0) throw new NotCreated('CreateContainerConfigError', 'containers that run as root are not played here');
  const env = await environmentOf(pod, container, image.env, node.services(), node.dataOf(metadata.namespace ?? ''));
  const { command = image.entrypoint, args = container.command ? [] : image.command } = container;
  const isWritable = (name: string) => spec.volumes?.find((volume) => volume.name === name)?.emptyDir !== undefined;
  return {
    image,
    command: [...command, ...args].map((word) => expanded(word, env)),
    env,
    user,
    group: security.runAsGroup ?? user,
    workingDir: container.workingDir ?? image.workingDir,
    dir: join(dir, root),
    logFile: logFileOf(node.dir, metadata.namespace ?? '', metadata.name, container.name),
    mounts: [
      ...(await systemFiles(pod, dir)),
      ...(container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => ({
        from: volumes.pathOf(name),
        to: mountPath,
        readOnly: readOnly || !isWritable(name),
      })),
    ],
  };
}

async function systemFiles({ metadata, status }: Pod, dir: string): Promise<Mount[]> {
  const { namespace, name } = metadata;
  const search = [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN].join(' ');
  const files = {
    'resolv.conf': `nameserver ${DNS_SERVER}\nsearch ${search}\noptions ndots:5\n`,
    hosts: `127.0.0.1 localhost\n${status?.podIP} ${name}\n`,
    hostname: `${name}\n`,
  };
  const etc = join(dir, 'etc');
  await mkdir(etc, { recursive: true });
  return await Promise.all(
    Object.entries(files).map(async ([file, text]) => {
      await writeFile(join(etc, file), text);
      return { from: join(etc, file), to: `/etc/${file}`, readOnly: true };
    }),
  );
}
