/** Writes the pages of the repository as the site's generator reads them, and the order in which they stand. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sidebar } from './nav.ts';
import { linked, pagesOf } from './pages.ts';

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

writeFileSync(join(SITE, 'sidebar.json'), JSON.stringify(sidebar(pages), undefined, 2));
console.log(`${pages.length} pages`);
