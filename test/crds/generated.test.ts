import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type CrdSchema, checkStructural, generated } from '../../hack/crd/index.ts';
import { GROUP, KINDS } from '../../src/api/v1alpha1/index.ts';

const root = join(import.meta.dirname, '../..');

interface Crd {
  metadata: { name: string };
  spec: {
    names: Record<string, unknown>;
    scope: string;
    versions: {
      name: string;
      subresources: unknown;
      additionalPrinterColumns: { name: string }[];
      schema: { openAPIV3Schema: { required: string[]; properties: { spec: CrdSchema; status: CrdSchema } } };
    }[];
  };
}

function written(kind: string): Crd {
  const { plural } = [...KINDS.values()].find(({ meta }) => meta.kind === kind)!.meta;
  return parse(readFileSync(join(root, `crds/${GROUP}_${plural}.yaml`), 'utf8')) as Crd;
}

describe('generated CRDs', () => {
  it('are what the schemas say: nothing is stale, nothing is left over', () => {
    for (const [path, text] of generated()) {
      assert.equal(readFileSync(join(root, path), 'utf8'), text, `${path} is stale: run npm run generate`);
    }
    for (const dir of ['crds', 'config/crd']) {
      const names = readdirSync(join(root, dir)).filter((name) => name.endsWith('.yaml'));
      const paths = [...generated().keys()].filter((path) => path.startsWith(`${dir}/`));
      assert.deepEqual(names.map((name) => `${dir}/${name}`).sort(), paths.sort());
    }
  });

  it('are the same for kubectl and for kustomize', () => {
    const files = generated();
    const { resources } = parse(files.get('config/crd/kustomization.yaml')!) as { resources: string[] };
    const names = readdirSync(join(root, 'crds'));
    assert.deepEqual(resources.toSorted(), names.toSorted());
    for (const name of names) assert.equal(files.get(`config/crd/${name}`), files.get(`crds/${name}`));
  });

  it('are the same bytes each time', () => {
    assert.deepEqual(generated(), generated());
  });

  for (const kind of KINDS.keys()) {
    it(`${kind} is structural and bounded as it stands in the file`, () => {
      const { openAPIV3Schema } = written(kind).spec.versions[0]!.schema;
      checkStructural(openAPIV3Schema.properties.spec, '.spec');
      checkStructural(openAPIV3Schema.properties.status, '.status');
      assert.deepEqual(openAPIV3Schema.required, ['spec']);
    });

    it(`${kind} has its names, category, status subresource and columns`, () => {
      const { meta } = KINDS.get(kind)!;
      const crd = written(kind);
      assert.equal(crd.metadata.name, `${meta.plural}.trustmint.dev`);
      assert.deepEqual(crd.spec.names, {
        kind,
        listKind: `${kind}List`,
        plural: meta.plural,
        singular: meta.singular,
        shortNames: [...meta.shortNames],
        categories: ['trustmint'],
      });
      assert.equal(crd.spec.scope, meta.scope);
      assert.deepEqual(crd.spec.versions[0]!.subresources, { status: {} });
      assert.ok(crd.spec.versions[0]!.additionalPrinterColumns.some(({ name }) => name === 'Age'));
    });
  }

  it("call the audience of the proof Proof-Aud, so that it is not taken for the token's", () => {
    for (const kind of ['TrustPolicy', 'ClusterTrustPolicy']) {
      const names = written(kind).spec.versions[0]!.additionalPrinterColumns.map(({ name }) => name);
      assert.ok(names.includes('Proof-Aud'), kind);
    }
  });

  it('leave out of required what has a default', () => {
    const { spec } = written('ClusterTrustPolicy').spec.versions[0]!.schema.openAPIV3Schema.properties;
    assert.equal(spec.properties!.state!.default, 'Active');
    assert.deepEqual(spec.required, ['provider', 'audience', 'trustRules']);
  });

  it('bound rules and caveats so that CEL stays within its budget', () => {
    const { spec } = written('TrustPolicy').spec.versions[0]!.schema.openAPIV3Schema.properties;
    const rules = spec.properties!.trustRules!;
    const caveats = rules.items!.properties!.issue!.properties!.caveats!;
    assert.deepEqual([rules.maxItems, caveats.maxItems, caveats.items!.maxLength], [64, 16, 256]);
  });
});

describe('the reference of the resources', () => {
  const text = generated().get('docs/reference/resources.md')!;

  it('names every kind, field and rule', () => {
    for (const kind of KINDS.keys()) assert.ok(text.includes(`## ${kind}\n`), kind);
    for (const field of ['`trustRules[].issue.budgetWindow`', '`keys.jwksUrl`', '`trustRules[].match.ownerId`']) {
      assert.ok(text.includes(field), field);
    }
    assert.ok(text.includes('Revoked is terminal'));
  });

  it('keeps every table row on its line, with four cells', () => {
    for (const row of text.split('\n').filter((line) => line.startsWith('| `'))) {
      assert.equal(row.replaceAll('\\|', '').split('|').length, 6, row);
    }
  });
});
