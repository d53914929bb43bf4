import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { PAGES, ROOT, read } from './support.ts';

/** As GitHub makes anchors of headings. */
function anchorsOf(page: string): Set<string> {
  const headings = page.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('Links in the docs', () => {
  for (const path of PAGES) {
    it(`${path} leads nowhere that is not there`, () => {
      for (const [, target = ''] of read(path)
        .replaceAll(/^```.*?^```$/gms, '')
        .replaceAll(/`[^`\n]*`/g, '`')
        .matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
        const [file = '', anchor] = target.split('#', 2);
        const whole = file === '' ? path : normalize(join(dirname(path), file));
        assert.ok(existsSync(join(ROOT, whole)), target);
        if (anchor !== undefined) assert.ok(anchorsOf(read(whole)).has(anchor), target);
      }
    });
  }
});
