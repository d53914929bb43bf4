import { KubeApiError } from './errors.ts';

/** The HTTP status that an error stands for; 0 where there was no answer, so that the outcome is unknown. */
export function statusOf(error: unknown): number {
  return error instanceof KubeApiError ? error.status : 0;
}
