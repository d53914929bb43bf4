import type { LintError, LintWarning } from './codes.ts';
import type { Problem } from './types.ts';

/** Collects what is wrong with one object. */
export class Problems {
  readonly list: Problem[] = [];
  #errors = 0;

  /** `code` is stable and CamelCase; the object is not served. */
  error(code: LintError, path: string, message: string): void {
    this.#errors++;
    this.list.push({ code, severity: 'error', path, message });
  }

  warning(code: LintWarning, path: string, message: string): void {
    this.list.push({ code, severity: 'warning', path, message });
  }

  /** Takes over what was found before. */
  add(problems: readonly Problem[]): void {
    for (const problem of problems) {
      if (problem.severity === 'error') this.#errors++;
      this.list.push(problem);
    }
  }

  /** How many errors there are so far. */
  get errors(): number {
    return this.#errors;
  }
}
