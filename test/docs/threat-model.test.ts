import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, read } from './support.ts';

const rows = [...read('docs/threat-model.md').matchAll(/^\| (.+?) \| .+? \| `(test\/[^`]+)`: (.+?) \|$/gm)];

describe('The threat model', () => {
  it('says of each attack which test would fail without its defence', () => {
    const attacks = read('docs/threat-model.md').split('## Attacks')[1]!.split(/^## /m)[0]!;
    const written = attacks.match(/^\| (?!attack |---)/gm) ?? [];
    assert.ok(rows.length > 40);
    assert.equal(rows.length, written.length, 'a row that names no test');
  });

  for (const [, attack = '', file = '', title = ''] of rows) {
    it(`there is the test against: ${attack}`, () => {
      assert.ok(existsSync(join(ROOT, file)), file);
      assert.ok(read(file).includes(title), `${file} has no test «${title}»`);
    });
  }
});
