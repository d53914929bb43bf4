import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  /** For development alone, and not on every platform. */
  dev?: boolean;
  optional?: boolean;
  /** It comes within the archive of another, whose checksum is there. */
  inBundle?: boolean;
  optionalDependencies?: Record<string, string>;
}

describe('The lock files', () => {
  for (const path of [
    'package-lock.json',
    'site/package-lock.json',
    'hack/image/runtime/package-lock.json',
    'hack/image/stand-in/package-lock.json',
  ])
    it(`${path} has each package with its checksum, and those of every platform, or npm ci would refuse it`, () => {
      const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
      const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
      const names = new Set(Object.keys(packages).map((at) => at.split('node_modules/').at(-1)));
      for (const [at, { integrity, resolved, dev, optional, inBundle, optionalDependencies = {} }] of Object.entries(
        packages,
      )) {
        if (at !== '' && !(dev && optional) && !inBundle) assert.match(integrity ?? '', /^sha512-/, at);
        assert.match(resolved ?? 'https://registry.npmjs.org/', /^https:\/\/registry\.npmjs\.org\//, at);
        for (const name of Object.keys(optionalDependencies)) assert.ok(names.has(name), `${at}: ${name}`);
      }
    });
});
