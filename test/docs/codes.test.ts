import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS } from '../../hack/reference/metrics.ts';
import { PAGES, quoted, ROOT, read } from './support.ts';

/** The first group of every match in every file of a directory. */
function found(directory: string, pattern: RegExp): Set<string> {
  const files = readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts')).map((file) => read(join(directory, file)));
  return new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map(([, code = '']) => code)));
}

/** The words of a union of string literals. */
function union(file: string, name: string): string[] {
  const body = new RegExp(`type ${name} =(.*?);`, 's').exec(read(file))?.[1] ?? '';
  return [...body.matchAll(/'([a-z_A-Z]+)'/g)].map(([, word = '']) => word);
}

describe('Codes in the docs', () => {
  it('policies.md explains every code of compile and lint, and no other', () => {
    const used = found('src/policy', /\.(?:error|warning)\(\s*'([A-Z]\w+)'/g);
    const page = read('docs/policies.md');
    const section = quoted(/^## Lint$.*?(?=^## |(?![\s\S]))/ms.exec(page)?.[0] ?? '');
    assert.ok(used.size > 50);
    for (const code of used) assert.ok(section.has(code), `${code} is missing`);
    for (const code of section) {
      if (/^[A-Z][a-z]+[A-Z]\w+$/.test(code)) assert.ok(used.has(code), `there is no ${code}`);
    }
  });

  it('policies.md names every code of a file that cannot be read', () => {
    const codes = union('src/standalone/errors.ts', 'ManifestCode').filter(
      (code) => code !== 'compile_failed' && code !== 'unwritable',
    );
    const page = quoted(read('docs/policies.md'));
    assert.ok(codes.length > 5);
    for (const code of codes) assert.ok(page.has(code), code);
  });

  it('codes.md has every error code with its status', () => {
    const starting = ['tls_required', 'tls_files', 'listen_failed', 'token_file', 'request_aborted'];
    const rows = [...read('src/server/errors.ts').matchAll(/^ {2}([a-z_]+): ([0-9]{3}),$/gm)].filter(
      ([, code = '']) => !starting.includes(code),
    );
    assert.ok(rows.length > 10);
    const page = read('docs/reference/codes.md');
    for (const [, code, status] of rows) assert.ok(page.includes(`| \`${code}\` | ${status} |`), `${code} ${status}`);
    const shown = [...page.matchAll(/^\| `[a-z_]+` \| [0-9]{3} \|/gm)];
    assert.equal(shown.length, rows.length);
  });

  it('api.md has every route', () => {
    const routes = found('src/server', /route\(\s*app,\s*'(?:GET|POST)',\s*'([^']+)'/g);
    const page = read('docs/api.md');
    assert.ok(routes.size >= 8);
    for (const path of [...routes, '/api/mint/exchange']) {
      assert.ok(page.includes(path.replace('/:check', '/<check>')), path);
    }
  });

  it('api.md has every member of a request', () => {
    const page = quoted(read('docs/api.md'));
    const source = read('src/server/doors/native-request.ts');
    const members = /const MEMBERS = new Set\(\[(.*?)\]\)/s.exec(source)?.[1] ?? '';
    const names = [...members.matchAll(/'([a-z_]+)'/g)];
    assert.ok(names.length > 8);
    for (const [, name = ''] of names)
      assert.ok(
        [...page].some((code) => code === name),
        name,
      );
  });

  it('api.md names every reason why a token is not active', () => {
    const page = quoted(read('docs/api.md'));
    const own = union('src/macaroon/verify.ts', 'FailureReason').filter(
      (word) => !['key', 'never_holds'].includes(word),
    );
    const codes = union('src/macaroon/errors.ts', 'MacaroonErrorCode').filter(
      (word) => !['key', 'never_holds', 'caveat'].includes(word),
    );
    const denials = union('src/caveat/evaluate.ts', 'CaveatDenial');
    assert.ok(denials.length > 5 && codes.length > 3);
    for (const word of [...own, ...codes, ...denials, 'revoked']) {
      if (word !== 'other_resource') assert.ok(page.has(word), word);
    }
  });

  it('the pages name no metric that there is not', () => {
    const known = METRICS.flatMap(({ metrics }) => Object.keys(metrics));
    const forms = new Set(known.flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
    for (const path of PAGES)
      for (const [name] of read(path).matchAll(/\btrustmint_[a-z_]+[a-z]\b(?!_)/g))
        assert.ok(forms.has(name), `${path}: ${name}`);
  });

  it('operations.md has every member of an audit record', () => {
    const page = quoted(read('docs/operations.md'));
    const members = found('src/audit', /^ {2}readonly ([a-z_0-9]+)\??: /gm);
    const record = [...read('src/audit/record.ts').matchAll(/^ {2}readonly ([a-z_0-9]+)\??: /gm)].map(
      ([, n = '']) => n,
    );
    assert.ok(record.length > 25 && members.size >= new Set(record).size);
    for (const name of record) if (name !== 'provider') assert.ok(page.has(name), name);
  });
});
