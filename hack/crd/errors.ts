/** A schema that an API server would refuse, or that leaves something unbounded. `path` is where, as `.spec.rules[]`. */
export class SchemaError extends Error {
  readonly code = 'crd_schema';
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path || '.'}: ${message}`);
    this.name = 'SchemaError';
    this.path = path;
  }
}
