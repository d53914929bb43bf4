/** The attributes that a policy states: `key = value`, the value perhaps a template. */

import { RESERVED_CAVEAT_KEYS } from '../api/v1alpha1/index.ts';
import { CaveatError, parseCaveat } from '../caveat/index.ts';
import type { CompiledCaveat } from './model.ts';
import type { Problems } from './problems.ts';
import { parseTemplate } from './template.ts';
import type { Attribute } from './types.ts';

const RESERVED: ReadonlySet<string> = new Set(RESERVED_CAVEAT_KEYS);

/** Compiles a rule's caveats; `path` is that of the list. */
export function compileCaveats(
  texts: readonly string[],
  path: string,
  problems: Problems,
): (Attribute | CompiledCaveat)[] {
  const keys = new Set<string>();
  return texts.flatMap((text, i) => {
    const at = `${path}[${i}]`;
    const caveat = compileCaveat(text, at, problems);
    if (!caveat) return [];
    if (keys.has(caveat.key)) problems.error('DuplicateCaveat', at, `attribute ${caveat.key} is stated twice`);
    keys.add(caveat.key);
    return [caveat];
  });
}

function compileCaveat(text: string, at: string, problems: Problems): Attribute | CompiledCaveat | undefined {
  // Whoever writes `tenant < 5` is told that the key is not theirs, not that the operator is wrong.
  const written = text.slice(0, Math.max(0, text.indexOf(' ')));
  if (RESERVED.has(written)) {
    problems.error('ReservedCaveat', at, `Trustmint places ${written} caveats itself`);
    return undefined;
  }
  let parsed: ReturnType<typeof parseCaveat>;
  try {
    parsed = parseCaveat(text);
  } catch (error) {
    if (!(error instanceof CaveatError)) throw error;
    problems.error('InvalidCaveat', at, `${error.message}; write key = value`);
    return undefined;
  }
  const { key, operator, value } = parsed;
  if (operator !== '=') {
    problems.error('InvalidCaveat', at, 'a policy states facts: write key = value');
    return undefined;
  }
  if (!value.includes('{{')) return { key, value };
  const result = parseTemplate(value);
  if ('template' in result) return { key, value: result.template };
  const position = text.length - value.length + result.position;
  problems.error('InvalidTemplate', at, `at character ${position}: ${result.message}`);
  return undefined;
}
