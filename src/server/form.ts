/** Forms, as OAuth's endpoints take them (RFC 6749 §3.2, Appendix B): strict, and no parameter twice. */
import type { IncomingMessage } from 'node:http';
import { readText } from './body.ts';
import { invalidRequest } from './errors.ts';

const TYPE = 'application/x-www-form-urlencoded';
const MAX_PARAMETERS = 64;
const SHOWN = 64;
/** RFC 8707 §2, RFC 8693 §2.1. */
const REPEATABLE: ReadonlySet<string> = new Set(['resource', 'audience']);
const NONE: readonly string[] = [];

export class Form {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** The value of a parameter. One without a value is as if it were not there. */
  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** A token. White space at its end is no part of it: a file read whole ends in a newline. */
  token(name: string): string | undefined {
    return this.get(name)?.trimEnd();
  }

  /** All values of a parameter that may be repeated, no two alike. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? NONE;
  }
}

/**
 * Reads a form from the body, and nothing from the query.
 * @throws ServerError `invalid_request`, `request_too_large`
 */
export async function readForm(req: IncomingMessage, maxBytes: number): Promise<Form> {
  const text = await readText(req, maxBytes, TYPE);
  if (text === undefined) throw invalidRequest(`send a body of Content-Type: ${TYPE}`);
  return parseForm(text);
}

/** @throws ServerError `invalid_request` */
export function parseForm(text: string): Form {
  const pairs = text.split('&', MAX_PARAMETERS + 1);
  if (pairs.length > MAX_PARAMETERS) throw invalidRequest(`send at most ${MAX_PARAMETERS} parameters`);
  const values = new Map<string, string[]>();
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    const name = decode(cut < 0 ? pair : pair.slice(0, cut));
    const value = cut < 0 ? '' : decode(pair.slice(cut + 1));
    if (value === '') continue;
    const known = values.get(name);
    if (!known) values.set(name, [value]);
    else if (!REPEATABLE.has(name)) throw invalidRequest(`the parameter ${name.slice(0, SHOWN)} is sent twice`);
    else if (!known.includes(value)) known.push(value);
  }
  return new Form(values);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidRequest('the form is not well percent-encoded');
  }
}
