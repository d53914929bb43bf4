import type { Reflector, ReflectorOptions } from './reflector-types.ts';

/** Follows one collection of the API server. */
export function createReflector<T>(_options: ReflectorOptions<T>): Reflector<T> {
  throw new Error('being written');
}
