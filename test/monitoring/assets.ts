/** Where Prometheus and promtool are. `make prometheus-assets` provides them. */
import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';

const BUILT = resolve(import.meta.dirname, '../../bin/prometheus');

/** @throws Error if it is nowhere: a test without it fails, it is not skipped */
export function prometheusBinary(name: 'prometheus' | 'promtool'): string {
  const folders = [process.env.PROMETHEUS_ASSETS, BUILT].filter((folder) => folder !== undefined && folder !== '');
  for (const folder of folders) {
    const path = join(folder!, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  throw new Error(`${name} is not in ${folders.join(' nor in ')}: run \`make prometheus-assets\``);
}
