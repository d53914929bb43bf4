/** What is wrong with a manifest, in the data directory, or with its lock. */

/** Stable codes of a failed read; `unwritable` is of a revocation that could not be kept. */
export type ManifestCode =
  | 'unreadable'
  | 'too_large'
  | 'bad_encoding'
  | 'bad_yaml'
  | 'not_a_resource'
  | 'unknown_version'
  | 'unknown_kind'
  | 'unknown_field'
  | 'invalid_field'
  | 'duplicate_object'
  | 'no_single_namespace'
  | 'compile_failed'
  | 'unwritable';

/** One thing wrong with one file. */
export interface ManifestProblem {
  readonly file: string;
  /** The document in the file, from 1; absent where the file as a whole is at fault. */
  readonly document?: number;
  /** The line in the file, from 1. */
  readonly line?: number;
  /** As in `spec.trustRules[1].issue.ttl`; empty for the whole document. */
  readonly path: string;
  readonly code: ManifestCode;
  readonly message: string;
}

export class StandaloneError extends Error {
  readonly code: 'data_dir_locked' | 'data_dir_unusable' | 'invalid_revocation';

  constructor(code: StandaloneError['code'], message: string) {
    super(message);
    this.name = 'StandaloneError';
    this.code = code;
  }
}

/** Text from a file, fit to be shown on one line: at most `max` characters, control characters replaced. */
export function printable(text: string, max = 80): string {
  const short = text.length > max ? `${text.slice(0, max)}…` : text;
  return short.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}
