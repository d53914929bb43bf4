/** JSON schemas for kubeconform, from what an API server says of the kinds that it serves (OpenAPI 2). */

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  definitions?: Record<string, Schema>;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
}

/** What kubeconform is to be told with `-schema-location`, below the folder of the files. */
export const LOCATION = '{{ .Group }}_{{ .ResourceAPIVersion }}_{{ .ResourceKind }}.json';

const AT = '#/definitions/';

/**
 * One schema for each kind, which holds all that it refers to and takes no field that it does not name.
 *
 * @returns file name as LOCATION has it → text
 */
export function schemasOf(openapi: { definitions: Record<string, Schema> }): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, definition] of Object.entries(openapi.definitions)) {
    const [one, ...others] = definition['x-kubernetes-group-version-kind'] ?? [];
    // Options and the like are of every group.
    if (!one || others.length > 0) continue;
    const definitions: Record<string, Schema> = {};
    const left = [name];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (definitions[next]) continue;
      definitions[next] = strict(openapi.definitions[next]!, (to) => left.push(to));
    }
    const schema = { $ref: `${AT}${name}`, definitions };
    // kubeconform calls the group without a name v1.
    files.set(`${one.group || 'v1'}_${one.version}_${one.kind.toLowerCase()}.json`, JSON.stringify(schema));
  }
  return files;
}

function strict(schema: Schema, refer: (name: string) => void): Schema {
  const { $ref, properties, items, additionalProperties } = schema;
  if ($ref) {
    refer($ref.slice(AT.length));
    return { $ref };
  }
  if (schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string']) {
    return { anyOf: [{ type: 'integer' }, { type: 'string' }] };
  }
  const inner = (one: Schema) => strict(one, refer);
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] ?? false;
  return {
    ...(schema.type && { type: schema.type }),
    ...(items && { items: inner(items) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, inner(one)])),
      ...(!isOpen && { additionalProperties: false }),
    }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: inner(additionalProperties) }),
    ...('required' in schema && { required: schema.required }),
    ...('enum' in schema && { enum: schema.enum }),
  };
}
