/** Templates: `{{ .Claims.a.b }}`, `{{ index .Claims "name" }}` and `{{ .Attributes.name }}` amid plain text. */
import type { VerifiedIdentity } from '../identity.ts';
import { isMissing, parseClaimName } from './claims.ts';
import { readValue, type ValueSource } from './predicate.ts';

export interface Template {
  readonly text: string;
  readonly parts: readonly (string | Slot)[];
}

interface Slot {
  /** As it stands in the template, for messages. */
  readonly text: string;
  readonly source: ValueSource;
}

/** `position` counts characters from 1. */
export type Parsed = { readonly template: Template } | { readonly position: number; readonly message: string };

export type Rendered = { readonly value: string } | { readonly fault: string };

const ALLOWED = /^[A-Za-z0-9._:/@+-]+$/;
const MAX_LENGTH = 128;
const RESULT = `1 to ${MAX_LENGTH} of A-Z a-z 0-9 . _ : / @ + -`;

/** Whether a template may come to this text. It can hold no separator of the caveat language, and no line break. */
export function isAllowedResult(text: string): boolean {
  return text.length <= MAX_LENGTH && ALLOWED.test(text);
}

/** Parses a template. Text that no rendering could make allowed is a fault, found here and not at the exchange. */
export function parseTemplate(text: string): Parsed {
  const parts: (string | Slot)[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{{', at);
    const plain = text.slice(at, open < 0 ? text.length : open);
    const bad = [...plain].findIndex((char) => !ALLOWED.test(char));
    if (bad >= 0) return { position: at + bad + 1, message: `the result must be ${RESULT}` };
    if (plain !== '') parts.push(plain);
    if (open < 0) break;
    const end = closing(text, open + 2);
    if (end < 0) return { position: open + 1, message: '{{ is never closed' };
    const slot = parseSlot(text.slice(open + 2, end).trim());
    if (typeof slot === 'string') return { position: open + 1, message: slot };
    parts.push(slot);
    at = end + 2;
  }
  const fixed = parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 1), 0);
  if (fixed === 0 || fixed > MAX_LENGTH) return { position: 1, message: `the result must be ${RESULT}` };
  return { template: { text, parts } };
}

/** Where `}}` closes the action that begins at `from`; one inside quotes does not. */
function closing(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text.startsWith('}}', i)) return i;
  }
  return -1;
}

const FORMS = 'write {{ .Claims.name }}, {{ index .Claims "name" }} or {{ .Attributes.name }}';

function parseSlot(text: string): Slot | string {
  const dotted = /^\.(Claims|Attributes)((?:\.[A-Za-z_][A-Za-z0-9_]*)+)$/.exec(text);
  if (dotted) {
    const path = dotted[2]!.slice(1).split('.');
    if (dotted[1] === 'Claims') return { text, source: { kind: 'claim', path } };
    if (path.length > 1) return 'an attribute has no members';
    return { text, source: { kind: 'attribute', name: path[0]! } };
  }
  const indexed = /^index[ \t]+\.Claims[ \t]+"([^"\\]+)"$/.exec(text);
  if (!indexed) return FORMS;
  const path = parseClaimName(indexed[1]!);
  if (!path) return 'in a JSON Pointer ~ stands only in ~0 and ~1';
  return { text, source: { kind: 'claim', path } };
}

/** What the template reads. */
export function templateSources(template: Template): ValueSource[] {
  return template.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.source]));
}

/** Renders a template; a fault names the part and never the value. Only strings and safe integers can be rendered. */
export function renderTemplate(template: Template, identity: VerifiedIdentity): Rendered {
  let result = '';
  for (const part of template.parts) {
    if (typeof part === 'string') {
      result += part;
      continue;
    }
    const value = readValue(part.source, identity);
    if (isMissing(value)) return { fault: `${part.text} is missing` };
    if (typeof value !== 'string' && !Number.isSafeInteger(value))
      return { fault: `${part.text} is neither a string nor a whole number` };
    result += value;
    if (result.length > MAX_LENGTH) break;
  }
  return isAllowedResult(result) ? { value: result } : { fault: `the result is not ${RESULT}` };
}
