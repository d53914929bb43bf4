/** Writes the pages of the repository as the site's generator reads them, and the order in which they stand. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NAV } from './nav.ts';
import { linked, pagesOf, type SitePage } from './pages.ts';

const ROOT = join(import.meta.dirname, '../..');
const SITE = join(ROOT, 'site');
const CONTENT = join(SITE, 'src/content/docs');
const base = `/${(process.env.SITE_BASE ?? '').replace(/^\/|\/$/g, '')}/`.replace('//', '/');

const pages = pagesOf(ROOT);
rmSync(CONTENT, { recursive: true, force: true });
for (const page of pages) {
  const path = join(CONTENT, `${page.slug || 'index'}.md`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `---\ntitle: ${JSON.stringify(page.title)}\n---\n${linked(page, pages, base)}`);
}

/** Each page once: those that are named first, then what is left of a directory. */
function sidebar(): object[] {
  const named = new Set(NAV.flatMap((group) => group.pages));
  const left = new Set(pages.filter(({ slug }) => !slug.startsWith('files/')));
  const item = (page: SitePage) => {
    left.delete(page);
    return { label: page.title, slug: page.slug || 'index' };
  };
  return NAV.map(({ label, pages: sources }) => ({
    label,
    items: sources.flatMap((source) =>
      [...left]
        .filter((page) => page.source === source || (page.source.startsWith(`${source}/`) && !named.has(page.source)))
        .filter(
          (page) =>
            page.source === source ||
            !NAV.some((group) =>
              group.pages.some((other) => other.length > source.length && page.source.startsWith(`${other}/`)),
            ),
        )
        .map(item),
    ),
  })).filter(({ items }) => items.length > 0);
}

writeFileSync(join(SITE, 'sidebar.json'), JSON.stringify(sidebar(), undefined, 2));
console.log(`${pages.length} pages`);
