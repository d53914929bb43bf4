/** From the zod schemas to everything that is generated from them. */
import { GROUP, KINDS } from '../../src/api/v1alpha1/index.ts';
import { definitionYaml } from './definition.ts';
import { reference } from './reference.ts';

export { toCrdSchema } from './convert.ts';
export { CATEGORY, definition, definitionYaml, type KindEntry, schemasOf } from './definition.ts';
export { SchemaError } from './errors.ts';
export { patternProblem } from './re2.ts';
export { reference } from './reference.ts';
export { checkStructural } from './structural.ts';
export type { CrdSchema } from './types.ts';

/** Path below the repository's root → text, of every generated file. */
export function generated(): Map<string, string> {
  const files = new Map<string, string>();
  for (const kind of KINDS.values()) files.set(`crds/${GROUP}_${kind.meta.plural}.yaml`, definitionYaml(kind));
  files.set('docs/reference/resources.md', reference(KINDS.values()));
  return files;
}
