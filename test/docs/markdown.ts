/** The code blocks of a page, and what the comment above each says that a test does with it. */
import { read } from './support.ts';

/** What the comment directly above a block says. */
export type Marker =
  | {
      readonly does: 'run';
      readonly world: string;
      /** The port that answers once it runs: it goes on in the background. */
      readonly until?: number;
      readonly fails?: true;
    }
  | { readonly does: 'not run'; readonly reason: string }
  | { readonly does: 'output'; readonly of?: string }
  | { readonly does: 'file'; readonly path: string };

export interface Fence {
  /** Path of the page from the root. */
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly marker?: Marker;
}

export interface Page {
  readonly fences: readonly Fence[];
  /** What a page should not have, with its line. */
  readonly problems: readonly string[];
}

/** @throws Error that says how a marker is written */
export function parseMarker(comment: string): Marker {
  const [, does = '', rest = ''] = /^(run|not run|output|output of|file)(?:: (\S.*))?$/.exec(comment) ?? [];
  if (does === 'output' && rest === '') return { does };
  if (does === 'output of' && rest !== '') return { does: 'output', of: rest };
  if (does === 'not run' && rest !== '') return { does, reason: rest };
  if (does === 'file' && /^[\w./-]+$/.test(rest) && !rest.startsWith('/')) return { does, path: rest };
  const [, world, until, fails] = /^([a-z]+)(?: until=([0-9]+))?( fails)?$/.exec(does === 'run' ? rest : '') ?? [];
  if (world === undefined) throw new Error(`"${comment}" is no marker: see "Docs" in CONTRIBUTING.md`);
  return { does: 'run', world, ...(until && { until: Number(until) }), ...(fails && { fails: true as const }) };
}

/** Comments that are markers, or were meant to be. */
const MARKER = /^<!-- ((?:run|not run|output|file)\b.*?) -->$/;
const LIST = /^\s*(?:[-*+]|[0-9]+\.) /;

export function parsePage(page: string, source = read(page)): Page {
  const lines = source.split('\n');
  const fences: Fence[] = [];
  const problems: string[] = [];
  let inList = false;
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i]!;
    const [, indent = '', language] = /^( *)```(.*)$/.exec(line) ?? [];
    if (language === undefined) {
      if (LIST.test(line)) inList = true;
      else if (/^\S/.test(line)) inList = false;
      const apart = i === 0 || lines[i - 1]!.trim() === '';
      if (apart && !inList && /^ {4}\S/.test(line)) problems.push(`${page}:${i + 1}: fence it, and say its language`);
      if (MARKER.test(line) && !/^ *```/.test(lines[i + 1] ?? ''))
        problems.push(`${page}:${i + 1}: the marker stands above no block`);
      continue;
    }
    const from = i;
    const body: string[] = [];
    for (i += 1; i < lines.length && lines[i]!.trimEnd() !== `${indent}\`\`\``; i += 1) {
      body.push(lines[i]!.startsWith(indent) ? lines[i]!.slice(indent.length) : lines[i]!);
    }
    if (i === lines.length) problems.push(`${page}:${from + 1}: the block does not end`);
    const comment = MARKER.exec(lines[from - 1]?.trim() ?? '')?.[1];
    const at = { page, line: from + 1, language: language.trim(), text: `${body.join('\n')}\n` };
    try {
      fences.push({ ...at, ...(comment !== undefined && { marker: parseMarker(comment) }) });
    } catch (error) {
      problems.push(`${page}:${from}: ${(error as Error).message}`);
    }
  }
  return { fences, problems };
}

export interface Shown {
  readonly command: string;
  readonly output: string;
}

/** A `console` block: lines `$ command`, continued by a backslash, and what each prints. */
export function parseConsole({ page, line, text }: Pick<Fence, 'page' | 'line' | 'text'>): Shown[] {
  const parts = text.split(/^\$ /m);
  if (parts[0]?.trim() !== '' || parts.length < 2) throw new Error(`${page}:${line}: begins with "$ command"`);
  return parts.slice(1).map((part) => {
    const [, command = '', output = ''] = /^((?:.*\\\n)*.*)\n([\s\S]*)$/.exec(part) ?? [];
    return { command, output };
  });
}
