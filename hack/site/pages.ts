/** What the site shows: the pages as they are in the repository, and the files that they link to. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, normalize } from 'node:path';

export interface SitePage {
  /** Path from the root of the repository: of the page, or of the directory whose files it shows. */
  readonly source: string;
  /** As in `policies`, `examples/agents`; empty: the first page. */
  readonly slug: string;
  readonly title: string;
  /** Without its title; links still lead to files. */
  readonly body: string;
}

/** Roots of pages that a reader of the docs meets. */
const ROOTS = ['docs', 'examples', 'charts'];
const SINGLE = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];

/** The first page of the site, and what else leads to it. */
const HOME = 'docs/README.md';

const LANGUAGES: Readonly<Record<string, string>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.mjs': 'js',
  '.ts': 'ts',
  '.py': 'python',
  '.sh': 'sh',
};

/** A link of Markdown; its target without an anchor, and the anchor. */
export const LINK = /(\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(\))/g;

export function slugOf(source: string): string {
  if (source === HOME || source === 'README.md') return '';
  return source
    .replace(/^docs\//, '')
    .replace(/(^|\/)README\.md$/, '')
    .replace(/\.md$/, '')
    .toLowerCase();
}

/** The anchor that a heading gets. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function pageOf(source: string, text: string): SitePage {
  const [, title = basename(source, '.md')] = /^# (.*)$/m.exec(text) ?? [];
  return { source, slug: slugOf(source), title: title.replaceAll('`', ''), body: text.replace(/^# .*\n/m, '') };
}

/** All files of a directory, one behind the other. */
function listing(root: string, directory: string): SitePage {
  const names = readdirSync(join(root, directory), { withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith('.') && !entry.name.endsWith('.md'),
  );
  const files = names.map(({ name }) => {
    const text = readFileSync(join(root, directory, name), 'utf8').trimEnd();
    return `## ${name}\n\n\`\`\`\`${LANGUAGES[extname(name)] ?? 'text'}\n${text}\n\`\`\`\``;
  });
  return {
    source: directory,
    slug: `files/${directory.toLowerCase()}`,
    title: directory,
    body: `\n${files.join('\n\n')}\n`,
  };
}

/** Calls `change` for each line that is not within a code block, and each part of it that is not code. */
export function outsideCode(text: string, change: (text: string) => string): string {
  let fence: string | undefined;
  return text
    .split('\n')
    .map((line) => {
      const [, mark] = /^ *(`{3,})/.exec(line) ?? [];
      if (mark !== undefined) {
        if (fence === undefined) fence = mark;
        else if (mark === fence) fence = undefined;
        return line;
      }
      if (fence !== undefined) return line;
      // `[x](y)` may stand in code. A link's own text may be code too: its target stands behind that.
      return line
        .split(/(`[^`]*`)/)
        .map((part, i) => (i % 2 === 0 ? change(part) : part))
        .join('');
    })
    .join('\n');
}

/** The targets of a page's links, as paths from the root. */
function targetsOf({ source, body }: SitePage): string[] {
  const targets: string[] = [];
  const from = extname(source) === '.md' ? dirname(source) : source;
  outsideCode(body, (part) => {
    for (const [, , target = ''] of part.matchAll(LINK)) targets.push(normalize(join(from, target)).replace(/\/$/, ''));
    return part;
  });
  return targets;
}

/** Every page, and a listing of each directory that a page leads into without there being a page. */
export function pagesOf(root: string): SitePage[] {
  const found = ROOTS.filter((one) => existsSync(join(root, one))).flatMap((one) =>
    readdirSync(join(root, one), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(one, name)),
  );
  const pages = [...found.sort(), ...SINGLE].map((source) => pageOf(source, readFileSync(join(root, source), 'utf8')));
  const known = new Set(pages.map(({ source }) => source));
  const directories = new Set<string>();
  for (const target of pages.flatMap(targetsOf)) {
    if (
      known.has(target) ||
      known.has(`${target}/README.md`) ||
      slugOf(target) === '' ||
      !existsSync(join(root, target))
    )
      continue;
    directories.add(statSync(join(root, target)).isDirectory() ? target : dirname(target));
  }
  return [...pages, ...[...directories].sort().map((directory) => listing(root, directory))];
}

/**
 * A page with links that lead to pages of the site.
 * @param base where the site lies, with slashes at both ends
 * @throws Error that names a link which leads to nothing
 */
export function linked(page: SitePage, pages: readonly SitePage[], base: string): string {
  const bySource = new Map(pages.map((one) => [one.source, one]));
  const from = extname(page.source) === '.md' ? dirname(page.source) : page.source;
  const urlOf = (slug: string) => (slug === '' ? base : `${base}${slug}/`);
  return outsideCode(page.body, (part) =>
    part.replaceAll(LINK, (_, open: string, target: string, anchor = '', close: string) => {
      const path = normalize(join(from, target)).replace(/\/$/, '');
      const there = bySource.get(path) ?? bySource.get(`${path}/README.md`);
      if (there) return `${open}${urlOf(there.slug)}${anchor}${close}`;
      if (slugOf(path) === '') return `${open}${base}${anchor}${close}`;
      const files = bySource.get(dirname(path));
      if (!files) throw new Error(`${page.source}: ${target} is no page of the site`);
      return `${open}${urlOf(files.slug)}#${anchorOf(basename(path))}${close}`;
    }),
  );
}
