/** How a command ends when it cannot do what it was asked. */

/** A mistake of the caller's or a refusal: printed as one line, without a stack. */
export class CliError extends Error {
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, exitCode = 1) {
    super(message);
    this.name = 'CliError';
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** An end that the log has told of already. */
export class ToldError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('told in the log');
    this.name = 'ToldError';
    this.exitCode = exitCode;
  }
}
