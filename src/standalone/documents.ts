/** YAML text → documents, with limits on what parsing may cost. JSON is YAML. */
import {
  type Alias,
  type Document,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  type Scalar,
  visit,
} from 'yaml';
import { type ManifestProblem, printable } from './errors.ts';
import type { Path } from './strict.ts';

/** Bytes of one file. */
export const MAX_FILE_BYTES = 1024 * 1024;
/** Documents in one file. */
export const MAX_DOCUMENTS = 1000;
/** Aliases in one document; none may stand inside what another one repeats, so a document grows at most linearly. */
const MAX_ALIASES = 64;

export interface YamlDocument {
  readonly value: unknown;
  /** From 1. */
  readonly document: number;
  /** The line that a member stands in, else that of the nearest one around it. */
  lineOf(path: Path): number;
}

export interface ParsedFile {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly ManifestProblem[];
}

/** Parses every document of a file; empty ones are left out. Never throws. */
export function parseDocuments(text: string, file: string): ParsedFile {
  const lines = new LineCounter();
  try {
    // Of two equal keys the parser itself finds out in quadratic time.
    const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, stringKeys: true, merge: false });
    if (!Array.isArray(parsed)) return { documents: [], problems: [] };
    if (parsed.length > MAX_DOCUMENTS) {
      return failed(file, 'too_large', `a file has at most ${MAX_DOCUMENTS} documents`);
    }
    const documents: YamlDocument[] = [];
    const problems: ManifestProblem[] = [];
    for (const [i, doc] of parsed.entries()) {
      const problem = documentProblem(doc, lines);
      if (problem) problems.push({ file, document: i + 1, path: '', code: 'bad_yaml', ...problem });
      else if (doc.contents !== null) documents.push(readDocument(doc, i + 1, lines));
    }
    return { documents: documents.filter(({ value }) => value !== null), problems };
  } catch {
    return failed(file, 'bad_yaml', 'the file is nested too deeply, or repeats too much, to be read');
  }
}

function failed(file: string, code: ManifestProblem['code'], message: string): ParsedFile {
  return { documents: [], problems: [{ file, path: '', code, message }] };
}

function documentProblem(
  doc: Document.Parsed<ParsedNode>,
  lines: LineCounter,
): { line: number; message: string } | undefined {
  const [error] = [...doc.errors, ...doc.warnings];
  if (error) {
    const [first = ''] = error.message.split('\n');
    const message = first.startsWith('Maximum call stack') ? 'nested too deeply' : first.replace(/ at line .*$/, '');
    return { line: lines.linePos(error.pos[0]).line, message: printable(message, 200) };
  }
  const aliases: Alias[] = [];
  let repeated: Scalar | undefined;
  visit(doc, {
    Alias: (_, alias) => void aliases.push(alias),
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (isScalar(key) && seen.has(key.value)) repeated ??= key;
        else if (isScalar(key)) seen.add(key.value);
      }
    },
  });
  if (repeated) return { line: lines.linePos(repeated.range?.[0] ?? 0).line, message: 'Map keys must be unique' };
  if (aliases.length <= MAX_ALIASES && !aliases.some((alias) => holdsAlias(alias.resolve(doc)))) return undefined;
  const line = lines.linePos(doc.range[0]).line;
  return { line, message: `aliases: at most ${MAX_ALIASES} in a document, and none inside an anchored value` };
}

function holdsAlias(node: Node | undefined): boolean {
  let found = false;
  if (node) {
    visit(node, {
      Alias() {
        found = true;
        return visit.BREAK;
      },
    });
  }
  return found;
}

function readDocument(doc: Document.Parsed<ParsedNode>, document: number, lines: LineCounter): YamlDocument {
  const start = doc.contents?.range[0] ?? doc.range[0];
  return {
    value: doc.toJS({ maxAliasCount: MAX_ALIASES }),
    document,
    lineOf(path) {
      for (let n = path.length; n > 0; n -= 1) {
        const node = doc.getIn(path.slice(0, n), true) as ParsedNode | undefined;
        if (node?.range) return lines.linePos(node.range[0]).line;
      }
      return lines.linePos(start).line;
    },
  };
}
