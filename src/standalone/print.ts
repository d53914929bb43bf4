/** Resources as text for people. */
import { stringify } from 'yaml';
import type { ManifestProblem } from './errors.ts';
import type { LoadedObject } from './objects.ts';

/** The resource as it would be written by hand: YAML, without defaults and without what an API server adds. */
export function printYaml({ written }: Pick<LoadedObject, 'written'>): string {
  return stringify(written, { lineWidth: 0 });
}

/** `file:line path: message [code]`. */
export function printProblem({ file, line, path, message, code }: ManifestProblem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return `${place}${path === '' ? '' : ` ${path}`}: ${message} [${code}]`;
}
