/** Where the binaries of a real cluster are. `make kube-assets` provides them. */
import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';

export const BINARIES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
export type Binary = (typeof BINARIES)[number];

const BUILT = resolve(import.meta.dirname, '../../../bin/k8s');

/**
 * The path of a binary: from the folder that KUBEBUILDER_ASSETS names, else from `bin/k8s`.
 *
 * @throws Error if it is in neither: a test without its cluster fails, it is not skipped
 */
export function binary(name: Binary): string {
  const folders = [process.env.KUBEBUILDER_ASSETS, BUILT].filter((folder) => folder !== undefined && folder !== '');
  for (const folder of folders) {
    const path = join(folder!, name);
    if (isExecutable(path)) return path;
  }
  throw new Error(`${name} is not in ${folders.join(' nor in ')}: run \`make kube-assets\``);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
