/** Volumes as folders: written in one step, and again when what they show has changed. */
import { chmod, mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DataOf, fieldOf, NotCreated } from './environment.ts';
import type { FieldFile, Item, Pod, Source, Volume } from './pod-types.ts';

/** Of a Pod's own service account; seconds that it is good for. */
export type TokenFor = (audience: string | undefined, seconds: number) => Promise<string>;

const MODE = 0o644;
const HOUR = 3_600;
/** The share of its life after which a token is replaced. */
const AGED = 0.8;

interface File {
  readonly data: Buffer;
  readonly mode: number;
}

export class PodVolumes {
  readonly #dir: string;
  readonly #data: DataOf;
  readonly #tokenFor: TokenFor;
  /** By volume: what is in the folder. */
  readonly #shown = new Map<string, string>();
  readonly #tokens = new Map<string, { readonly token: string; readonly until: number }>();
  #versions = 0;

  constructor(dir: string, data: DataOf, tokenFor: TokenFor) {
    this.#dir = dir;
    this.#data = data;
    this.#tokenFor = tokenFor;
  }

  pathOf(volume: string): string {
    return join(this.#dir, volume);
  }

  /** Makes every folder be as its volume is now. @throws NotCreated */
  async refresh(pod: Pod): Promise<void> {
    for (const volume of pod.spec.volumes ?? []) {
      await mkdir(this.pathOf(volume.name), { recursive: true });
      if (!volume.emptyDir) await this.#write(pod, volume.name, await this.#filesOf(pod, volume));
    }
  }

  async #filesOf(pod: Pod, volume: Volume): Promise<ReadonlyMap<string, File>> {
    const { secret, configMap, downwardAPI, projected } = volume;
    const mode = (secret ?? configMap ?? downwardAPI ?? projected)?.defaultMode ?? MODE;
    const sources: readonly Source[] = projected?.sources ?? [
      { ...(secret && { secret: { ...secret, name: secret.secretName } }), ...(configMap && { configMap }) },
      { ...(downwardAPI && { downwardAPI }) },
    ];
    const files = new Map<string, File>();
    for (const source of sources) await this.#add(files, pod, source, mode);
    return files;
  }

  async #add(files: Map<string, File>, pod: Pod, source: Source, mode: number): Promise<void> {
    const { secret, configMap, downwardAPI, serviceAccountToken } = source;
    if (secret) await this.#addData(files, 'secrets', secret, mode);
    if (configMap) await this.#addData(files, 'configmaps', configMap, mode);
    for (const one of downwardAPI?.items ?? []) files.set(one.path, fieldFile(pod, one, mode));
    if (serviceAccountToken) {
      const { audience, expirationSeconds = HOUR, path } = serviceAccountToken;
      const token = await this.#token(audience, expirationSeconds);
      // The account that the container runs as owns it in a cluster too.
      files.set(path, { data: Buffer.from(token), mode: mode | 0o444 });
    }
  }

  async #addData(
    files: Map<string, File>,
    kind: 'secrets' | 'configmaps',
    { name, optional, items }: { name: string; optional?: boolean; items?: readonly Item[] },
    mode: number,
  ): Promise<void> {
    const data = await this.#data(kind, name);
    if (!data && !optional) throw new NotCreated('ContainerCreating', `${kind} "${name}" not found`);
    const wanted = items ?? [...(data?.keys() ?? [])].map((key): Item => ({ key, path: key }));
    for (const item of wanted) {
      const value = data?.get(item.key);
      if (value) files.set(item.path, { data: value, mode: item.mode ?? mode });
      else if (!optional) throw new NotCreated('ContainerCreating', `${kind} "${name}" has no ${item.key}`);
    }
  }

  async #token(audience: string | undefined, seconds: number): Promise<string> {
    const key = audience ?? '';
    const known = this.#tokens.get(key);
    if (known && performance.now() < known.until) return known.token;
    const token = await this.#tokenFor(audience, seconds);
    this.#tokens.set(key, { token, until: performance.now() + seconds * 1_000 * AGED });
    return token;
  }

  /** One rename shows all of it: as the kubelet does it, by links. */
  async #write(pod: Pod, volume: string, files: ReadonlyMap<string, File>): Promise<void> {
    const shown = JSON.stringify([...files].map(([path, { data, mode }]) => [path, data.toString('base64'), mode]));
    if (this.#shown.get(volume) === shown) return;
    const dir = this.pathOf(volume);
    this.#versions += 1;
    const version = `..${this.#versions}`;
    for (const [path, { data, mode }] of files) {
      const file = join(dir, version, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, data);
      await chmod(file, asSeen(mode, pod));
    }
    await mkdir(join(dir, version), { recursive: true });
    const before = await readlink(join(dir, '..data')).catch(() => undefined);
    await symlink(version, join(dir, '..next'));
    await rename(join(dir, '..next'), join(dir, '..data'));
    for (const top of new Set([...files.keys()].map((path) => path.split('/')[0]!)))
      await symlink(join('..data', top), join(dir, top)).catch(() => {});
    if (before) await rm(join(dir, before), { recursive: true, force: true });
    this.#shown.set(volume, shown);
  }
}

/** Files belong to the container's account here, and to root in a cluster: what it could do there it may do here. */
function asSeen(mode: number, { spec }: Pod): number {
  const hasGroup = spec.securityContext?.fsGroup !== undefined;
  return (hasGroup ? ((mode | 0o440) >> 3) & 7 : mode & 7) << 6;
}

function fieldFile(pod: Pod, { fieldRef, mode }: FieldFile, defaultMode: number): File {
  if (!fieldRef) throw new NotCreated('NotPlayed', 'resourceFieldRef is not played here');
  return { data: Buffer.from(fieldOf(pod, fieldRef.fieldPath)), mode: mode ?? defaultMode };
}
