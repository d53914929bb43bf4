/** Documents → resources: which kind, checked as an API server would, with what a file leaves out filled in. */
import {
  API_VERSION,
  GROUP,
  KINDS,
  REVOCATION_TARGETS,
  sayingRequired,
  type TrustmintResource,
} from '../api/v1alpha1/index.ts';
import { convert, isShortForm, snake } from './convert.ts';
import { parseDocuments, type YamlDocument } from './documents.ts';
import { type ManifestProblem, printable } from './errors.ts';
import type { KindName } from './schema.ts';
import { type Finding, isRecord, type Path, pathText, strictFindings } from './strict.ts';
import { suggestion } from './suggest.ts';
import { uidOf } from './uid.ts';

type Fields = Readonly<Record<string, unknown>>;

export const DEFAULT_NAMESPACE = 'default';

/** Faults that are named of one document. */
const MAX_FINDINGS = 1000;

/** A resource and where it was read. */
export interface LoadedObject {
  readonly resource: TrustmintResource;
  /** As written, or as converted from the short form: no defaults. */
  readonly written: Fields;
  readonly file: string;
  readonly document: number;
  readonly line: number;
}

export interface ReadResult {
  readonly objects: readonly LoadedObject[];
  /** Documents of other API groups. */
  readonly ignored: number;
  /** Not empty: a failed read. */
  readonly problems: readonly ManifestProblem[];
}

/**
 * The Trustmint resources in the text of one file. Never throws: what is wrong is in `problems`.
 * @param file Its name, for problems.
 * @param stem What a policy in the short form is called: the file's name without extension.
 */
export function readText(text: string, file: string, stem: string): ReadResult {
  const parsed = parseDocuments(text, file);
  const objects: LoadedObject[] = [];
  const problems = [...parsed.problems];
  let ignored = 0;
  let converted = 0;
  for (const document of parsed.documents) {
    for (const [value, root] of unwrapped(document.value)) {
      const findings: Finding[] = [];
      if (isRecord(value) && isShortForm(value)) converted += 1;
      const name = converted > 1 ? `${stem}-${converted}` : stem;
      const made = resourceOf(value, name, findings);
      if (made === 'ignored') ignored += 1;
      else if (made) objects.push({ ...made, file, document: document.document, line: document.lineOf(root) });
      for (const finding of findings) problems.push(problemAt(finding, root, document, file));
    }
  }
  return { objects, ignored, problems };
}

/** A `v1` List, as kubectl prints several objects, stands for its items. */
function* unwrapped(value: unknown): Generator<[unknown, Path]> {
  if (isRecord(value) && value.apiVersion === 'v1' && value.kind === 'List' && Array.isArray(value.items)) {
    for (const [i, item] of value.items.entries()) yield [item, ['items', i]];
  } else yield [value, []];
}

function problemAt(
  { path, code, message }: Finding,
  root: Path,
  document: YamlDocument,
  file: string,
): ManifestProblem {
  const whole = [...root, ...path];
  const line = Math.max(document.lineOf(whole), document.lineOf(inShortForm(whole)));
  return { file, document: document.document, line, path: pathText(whole), code, message };
}

/** The same place in a document that is in the short form. */
function inShortForm(path: Path): Path {
  return path
    .filter((part, i) => i > 0 || part !== 'spec')
    .map((part) => (typeof part === 'string' ? snake(part) : part));
}

function resourceOf(
  document: unknown,
  name: string,
  findings: Finding[],
): { resource: TrustmintResource; written: Fields } | 'ignored' | undefined {
  const refuse = (path: Path, code: Finding['code'], message: string): undefined => {
    findings.push({ path, code, message });
    return undefined;
  };
  if (!isRecord(document)) return refuse([], 'not_a_resource', 'the document is no resource');
  if (isShortForm(document)) {
    const { written, findings: wrong } = convert(document, name);
    findings.push(...wrong);
    return wrong.length > 0 ? undefined : checked(written.kind as KindName, written, findings);
  }
  const { apiVersion, kind } = document;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    return refuse([], 'not_a_resource', 'give apiVersion and kind, or provider and trust_rules for the short form');
  }
  // Also without a version, or in capitals: no other group is meant, and a policy must not silently be left out.
  if (apiVersion.split('/', 1)[0]?.toLowerCase() !== GROUP) return 'ignored';
  if (apiVersion !== API_VERSION) {
    return refuse(['apiVersion'], 'unknown_version', `the version ${printable(apiVersion)} is none of: ${API_VERSION}`);
  }
  const known = [...KINDS.keys()];
  const kindName = known.find((candidate) => candidate === kind);
  if (!kindName) {
    return refuse(['kind'], 'unknown_kind', `unknown kind ${printable(kind)}${suggestion(kind, known)}`);
  }
  return checked(kindName, document, findings);
}

function checked(
  kind: KindName,
  written: Fields,
  findings: Finding[],
): { resource: TrustmintResource; written: Fields } | undefined {
  const before = findings.length;
  for (const finding of strictFindings(kind, written)) {
    if (findings.length >= MAX_FINDINGS) {
      findings.push({ ...finding, path: [], message: `there are more faults than the ${MAX_FINDINGS} named` });
      break;
    }
    findings.push(finding);
  }
  const parsed = KINDS.get(kind)!.manifest.safeParse(written, sayingRequired);
  if (!parsed.success) {
    const seen = new Set<string>();
    for (const { path, message } of parsed.error.issues) {
      // Of one value the first fault says enough.
      const place = path.join('/');
      if (seen.has(place)) continue;
      seen.add(place);
      findings.push({ path: path as Path, code: 'invalid_field', message: printable(message, 300) });
    }
    return undefined;
  }
  const resource = completed(parsed.data as TrustmintResource);
  if (resource.kind === 'TokenRevocation') {
    const given = REVOCATION_TARGETS.filter((target) => resource.spec[target] !== undefined);
    if (given.length !== 1) {
      const message = `give exactly one of ${REVOCATION_TARGETS.join(', ')}`;
      findings.push({ path: ['spec'], code: 'invalid_field', message });
    }
  }
  if (resource.kind === 'AgentRegistration') {
    const { spiffe, serviceAccount } = resource.spec.identity;
    if ((spiffe === undefined) === (serviceAccount === undefined)) {
      const message = 'give exactly one of spiffe and serviceAccount';
      findings.push({ path: ['spec', 'identity'], code: 'invalid_field', message });
    }
  }
  return findings.length > before ? undefined : { resource, written };
}

/** With the namespace and the uid that an API server would have given; its own bookkeeping means nothing here. */
function completed(resource: TrustmintResource): TrustmintResource {
  const { name, namespace, uid: _, generation: __, resourceVersion: ___, ...others } = resource.metadata;
  const namespaced = KINDS.get(resource.kind)!.meta.scope === 'Namespaced';
  const home = namespaced ? (namespace ?? DEFAULT_NAMESPACE) : undefined;
  return {
    ...resource,
    metadata: {
      name,
      ...(home === undefined ? {} : { namespace: home }),
      uid: uidOf(resource.kind, home, name),
      ...others,
    },
  } as TrustmintResource;
}
