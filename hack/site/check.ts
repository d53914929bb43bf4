/** Looks at the built site: every link and anchor leads somewhere, and a page asks nobody else for anything. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const HTML = /<(a|link|script|img|source|iframe)\b[^>]*?\s(?:href|src)=(?:"([^"]*)"|'([^']*)'|([^\s>]+))[^>]*>/g;
const ID = /\sid=(?:"([^"]*)"|([^\s>]+))/g;
const SCRIPT = /<script\b[^>]*>[\s\S]*?<\/script>/g;

const decode = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&#38;', '&').replaceAll('&quot;', '"');

/** The file that a path of the site means. */
function fileOf(dist: string, path: string): string | undefined {
  const whole = join(dist, decodeURIComponent(path));
  return [whole, join(whole, 'index.html')].find((one) => existsSync(one) && !one.endsWith('/'));
}

/**
 * @param dist the built site
 * @param base where it lies
 * @returns what is wrong, each with its page
 */
export function siteProblems(dist: string, base = '/'): string[] {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const pages = files.filter((name) => name.endsWith('.html') && name !== '404.html');
  const text = new Map(pages.map((name) => [name, readFileSync(join(dist, name), 'utf8')]));
  const ids = new Map(
    [...text].map(([name, html]) => [name, new Set([...html.matchAll(ID)].map(([, a, b]) => decode(a ?? b ?? '')))]),
  );
  const problems: string[] = [];
  for (const [page, html] of text) {
    for (const [, tag = '', a, b, c] of html.replace(SCRIPT, (s) => s.slice(0, s.indexOf('>') + 1)).matchAll(HTML)) {
      const target = decode(a ?? b ?? c ?? '');
      if (/^(?:data|mailto):/.test(target)) continue;
      if (/^(?:[a-z]+:)?\/\//.test(target)) {
        if (tag !== 'a') problems.push(`${page}: asks ${target}`);
        continue;
      }
      const [path = '', anchor] = target.split('#', 2) as [string, string?];
      const from = posix.dirname(`/${page}`);
      const whole = path === '' ? `/${page}` : path.startsWith('/') ? path : posix.join(from, path);
      const within = path.startsWith('/') ? `/${whole.slice(base.length)}` : whole;
      const file = fileOf(dist, within.replace(/\?.*$/, ''));
      if (file === undefined) problems.push(`${page}: ${target} is not there`);
      else if (anchor && !ids.get(file.slice(dist.length + 1).replaceAll('\\', '/'))?.has(decodeURIComponent(anchor)))
        problems.push(`${page}: ${target}: no such anchor`);
    }
  }
  for (const name of files.filter((one) => one.endsWith('.css'))) {
    const css = readFileSync(join(dist, name), 'utf8');
    for (const [found] of css.matchAll(/(?:url\(\s*['"]?|@import\s+['"]?)(?:https?:)?\/\/[^'")\s]+/g))
      problems.push(`${name}: ${found}`);
  }
  if (!existsSync(join(dist, 'pagefind/pagefind.js'))) problems.push('there is no search');
  return problems;
}

if (process.argv[1] === import.meta.filename) {
  const dist = join(dirname(dirname(import.meta.dirname)), 'site/dist');
  const problems = siteProblems(dist);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  console.log(`site/dist: every link and anchor leads somewhere, and no page asks anybody else`);
}
