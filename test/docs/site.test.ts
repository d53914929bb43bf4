import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { siteProblems } from '../../hack/site/check.ts';
import { sidebar } from '../../hack/site/nav.ts';
import { linked, pagesOf, type SitePage, slugOf } from '../../hack/site/pages.ts';
import { PAGES, ROOT } from './support.ts';

describe('The site of the docs', () => {
  const page = (source: string, body: string): SitePage => ({ source, slug: slugOf(source), title: source, body });
  const pages = [
    page('docs/README.md', ''),
    page('docs/policies.md', ''),
    page('examples/agents/README.md', ''),
    { source: 'examples/kubernetes', slug: 'files/examples/kubernetes', title: '', body: '' },
  ];
  const link = (body: string, source = 'docs/api.md') => linked(page(source, body), pages, '/');

  it('links between pages, with and without anchors, lead to pages of the site', () => {
    assert.equal(link('[a](policies.md#order) [b](../README.md)'), '[a](/policies/#order) [b](/)');
    assert.equal(link('[a](../../docs/policies.md)', 'examples/agents/README.md'), '[a](/policies/)');
    assert.equal(
      link('[`a`](../examples/agents/README.md) [b](../examples/agents)'),
      '[`a`](/examples/agents/) [b](/examples/agents/)',
    );
  });

  it('links to files lead to where the site shows them', () => {
    const body = '[a](../examples/kubernetes/agent-pod.yaml) [b](../examples/kubernetes)';
    assert.equal(link(body), '[a](/files/examples/kubernetes/#agent-podyaml) [b](/files/examples/kubernetes/)');
  });

  it('code, anchors of the page itself and addresses elsewhere stay as they are', () => {
    const body = '`[a](b.md)` [c](#d) [e](https://example.com/f.md)\n```sh\n[g](h.md)\n```';
    assert.equal(link(body), body);
  });

  it('a link to what is no page is an error', () => {
    assert.throws(() => link('[a](nowhere.md)'), /docs\/api\.md: nowhere\.md is no page/);
  });

  it('has every page of the docs, each once', () => {
    const all = pagesOf(ROOT);
    assert.equal(new Set(all.map(({ slug }) => slug)).size, all.length);
    const sources = new Set(all.map(({ source }) => source));
    for (const path of PAGES) assert.ok(path === 'README.md' || sources.has(path), path);
    for (const one of all) linked(one, all, '/');
    const items = sidebar(all).flatMap((group) => group.items.map(({ slug }) => slug));
    assert.equal(new Set(items).size, items.length);
    for (const { slug } of all) assert.ok(slug.startsWith('files/') || items.includes(slug || 'index'), slug);
  });

  describe('is looked at when it is built', () => {
    let dist: string;
    beforeEach(() => {
      dist = mkdtempSync(join(tmpdir(), 'trustmint-site-'));
    });
    afterEach(() => rmSync(dist, { recursive: true, force: true }));

    const problems = (files: Readonly<Record<string, string>>) => {
      for (const [name, text] of Object.entries({ 'pagefind/pagefind.js': '', ...files })) {
        mkdirSync(dirname(join(dist, name)), { recursive: true });
        writeFileSync(join(dist, name), text);
      }
      return siteProblems(dist);
    };

    it('links and anchors that are there are no problem', () => {
      const a = '<a href="/b/#c">x</a><a href="#d">y</a><h2 id="d">z</h2><a href="https://example.com/">e</a>';
      assert.deepEqual(problems({ 'index.html': a, 'b/index.html': '<h2 id="c">c</h2>' }), []);
    });

    it('a page or an anchor that is not there is one', () => {
      assert.deepEqual(problems({ 'index.html': '<a href="/b/">x</a><a href="#d">y</a>' }), [
        'index.html: /b/ is not there',
        'index.html: #d: no such anchor',
      ]);
    });

    it('so is whatever a page would fetch from somebody else', () => {
      const html =
        '<script src="https://cdn.example/x.js"></script><link rel="stylesheet" href="//fonts.example/y.css">';
      assert.deepEqual(problems({ 'index.html': html, 'a.css': '@import "https://fonts.example/z.css";' }), [
        'index.html: asks https://cdn.example/x.js',
        'index.html: asks //fonts.example/y.css',
        'a.css: @import "https://fonts.example/z.css',
      ]);
    });
  });
});
