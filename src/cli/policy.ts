/** `trustmint policy lint|convert`. */
import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { ClusterTrustPolicy, ProtectedResource, TrustPolicy } from '../api/v1alpha1/index.ts';
import { type CompileOptions, lint, type ObjectReport } from '../policy/index.ts';
import {
  type LoadedObject,
  type ManifestProblem,
  printProblem,
  printYaml,
  type ReadResult,
  readManifestFiles,
  readManifests,
  readText,
} from '../standalone/index.ts';
import { CliError } from './errors.ts';
import { readInput } from './input.ts';
import type { Io } from './io.ts';
import { objectName } from './report.ts';

interface LintFlags {
  tenant: string;
  issuer?: string;
  namespaceTenancy?: true;
  strict?: true;
}

/** Prints every problem, one a line: `file:line object path: severity: message [code]`. Fails if any is an error. */
export async function lintPolicies(paths: readonly string[], flags: LintFlags, io: Io): Promise<void> {
  const read = await readAll(paths);
  for (const problem of read.problems) io.stdout.write(`${printProblem(problem)}\n`);
  let errors = read.problems.length;
  let warnings = 0;
  if (read.objects.length === 0 && errors === 0)
    throw new CliError('no_policies', 'there is no policy in what was given');
  const sources = new Map(read.objects.map((object) => [object.resource.metadata.uid, object]));
  for (const report of lint(objectsOf(read.objects), lintOptions(flags))) {
    const source = sources.get(report.uid);
    for (const problem of report.problems) {
      if (problem.severity === 'error') errors += 1;
      else warnings += 1;
      io.stdout.write(`${lintLine(report, problem, source)}\n`);
    }
  }
  const counts = [counted(read.objects.length, 'object'), counted(errors, 'error'), counted(warnings, 'warning')];
  io.stdout.write(`${counts.join(', ')}\n`);
  if (errors > 0 || (flags.strict && warnings > 0)) throw new CliError('lint', 'the policies have problems');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function lintLine(
  report: ObjectReport,
  { path, severity, message, code }: ObjectReport['problems'][number],
  source: LoadedObject | undefined,
): string {
  const place = source ? `${source.file}:${source.line} ` : '';
  return `${place}${objectName(report)} ${path}: ${severity}: ${message} [${code}]`;
}

async function readAll(paths: readonly string[]): Promise<ReadResult> {
  const results: ReadResult[] = [];
  for (const path of paths) {
    const isDirectory = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    results.push(isDirectory ? within(path, await readManifests(path)) : await readManifestFiles([path]));
  }
  return {
    objects: results.flatMap(({ objects }) => objects),
    ignored: results.reduce((sum, { ignored }) => sum + ignored, 0),
    problems: results.flatMap(({ problems }): readonly ManifestProblem[] => problems),
  };
}

/** With the files' names as one would open them from here. */
function within(dir: string, { objects, ignored, problems }: ReadResult): ReadResult {
  const placed = <T extends { readonly file: string }>(one: T): T =>
    one.file === dir ? one : { ...one, file: join(dir, one.file) };
  return { objects: objects.map(placed), ignored, problems: problems.map(placed) };
}

/** As `serve --manifests` would compile them; or as a cluster would where each namespace is a tenant. */
function lintOptions({ tenant, issuer, namespaceTenancy }: LintFlags): CompileOptions {
  return {
    tenancy: namespaceTenancy ? { mode: 'Namespace' } : { mode: 'Single', tenant },
    defaultAudience: 'default',
    maxTtl: 86_400,
    ...(issuer !== undefined && { ownIssuer: issuer }),
    allowLoopbackHttp: !namespaceTenancy,
    // Which issuer a cluster has is not known offline; that it has one is.
    ...(namespaceTenancy && { cluster: { issuers: ['https://kubernetes.default.svc.cluster.local'] } }),
  };
}

function objectsOf(objects: readonly LoadedObject[]) {
  const resources = objects.map(({ resource }) => resource);
  return {
    trustPolicies: resources.filter((r): r is TrustPolicy => r.kind === 'TrustPolicy'),
    clusterTrustPolicies: resources.filter((r): r is ClusterTrustPolicy => r.kind === 'ClusterTrustPolicy'),
    protectedResources: resources.filter((r): r is ProtectedResource => r.kind === 'ProtectedResource'),
  };
}

/** Prints the resources that a file in the short form means. */
export async function convertPolicy(file: string, flags: { name?: string }, io: Io): Promise<void> {
  const text = await readInput(file, io);
  const stem = flags.name ?? (file === '-' ? 'policy' : basename(file, extname(file)));
  const { objects, problems } = readText(text, file === '-' ? 'standard input' : file, stem);
  for (const problem of problems) io.stderr.write(`${printProblem(problem)}\n`);
  if (problems.length > 0) throw new CliError('convert', 'the policy has problems');
  if (objects.length === 0) throw new CliError('convert', 'there is no policy in it');
  io.stdout.write(objects.map((object) => printYaml(object)).join('---\n'));
}
