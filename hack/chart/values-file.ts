/** values.yaml as people read it: each value with the comment above it. */
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';

export interface Value {
  /** As `image.tag`. */
  readonly path: string;
  readonly value: unknown;
  /** What it is, on one line. */
  readonly about: string;
}

/**
 * Every value that has a comment which begins with `-- `, in the order of the file.
 *
 * @throws Error that names a value without one: what is not said is not there
 */
export function valuesOf(text: string): Value[] {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw document.errors[0]!;
  const all: unknown = document.toJS();
  const found: Value[] = [];
  const read = (map: YAMLMap, above: string) => {
    for (const [i, pair] of map.items.entries()) {
      const key = isScalar(pair.key) ? pair.key : undefined;
      const path = `${above}${key?.value}`;
      // Above the first of a map it stands as the map's, and of the file as the document's.
      const comment =
        key?.commentBefore ?? (i === 0 ? (map.commentBefore ?? (above ? '' : document.commentBefore)) : '');
      const about = /^ -- (.*)$/s.exec(comment ?? '')?.[1]?.replaceAll(/\n ?/g, ' ');
      if (about !== undefined) found.push({ path, value: at(all, path), about });
      else if (isMap(pair.value) && pair.value.items.length > 0) read(pair.value as YAMLMap, `${path}.`);
      else throw new Error(`values.yaml: ${path} has no comment`);
    }
  };
  read(document.contents as YAMLMap, '');
  return found;
}

/** @param path as `image.tag` */
export function at(values: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], values);
}
