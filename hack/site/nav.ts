/** The order of the pages. A page that is not named here stands at the end of its group: none is lost. */
import type { SitePage } from './pages.ts';

interface Group {
  readonly label: string;
  /** Paths from the root; a directory is all of its pages that nothing else names. */
  readonly pages: readonly string[];
}

const docs = (...names: string[]) => names.map((name) => `docs/${name}.md`);

const NAV: readonly Group[] = [
  { label: 'Start', pages: docs('README', 'install', 'kubernetes', 'tls', 'image', 'standalone') },
  { label: 'Write', pages: docs('policies', 'agents', 'oauth', 'tokens') },
  { label: 'Use', pages: docs('clients', 'api', 'cli') },
  { label: 'Run', pages: [...docs('operations', 'threat-model', 'benchmarks'), 'docs'] },
  {
    label: 'Reference',
    pages: [
      ...['resources', 'flags', 'metrics', 'codes', 'caveats'].flatMap((name) => docs(`reference/${name}`)),
      'docs/reference',
      'charts',
    ],
  },
  { label: 'Examples', pages: ['examples/README.md', 'examples'] },
  { label: 'Project', pages: ['CHANGELOG.md', 'SECURITY.md', 'CONTRIBUTING.md'] },
];

export interface Item {
  readonly label: string;
  readonly slug: string;
}

/** The sidebar: each page once, but for the listings of files. @param nav for tests */
export function sidebar(pages: readonly SitePage[], nav: readonly Group[] = NAV): { label: string; items: Item[] }[] {
  const entries = nav.flatMap((group) => group.pages);
  /** The entry that a page belongs to: itself, else the directory that is nearest. */
  const entryOf = ({ source }: SitePage) =>
    entries
      .filter((entry) => source === entry || source.startsWith(`${entry}/`))
      .toSorted((a, b) => b.length - a.length)[0];
  return nav
    .map(({ label, pages: own }) => ({
      label,
      items: own.flatMap((entry) =>
        pages
          .filter((page) => entryOf(page) === entry && !page.slug.startsWith('files/'))
          .map(({ title, slug }) => ({ label: title, slug: slug || 'index' })),
      ),
    }))
    .filter(({ items }) => items.length > 0);
}
