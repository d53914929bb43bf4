/** GitHub Actions' tokens: standards.md §11.1. */
import type { Claims } from '../identity.ts';
import { claim } from './claims.ts';
import { attributes, type ReadProvider } from './provider.ts';
import { ProofError } from './types.ts';

/**
 * Every claim that is used is a string, as GitHub writes it; a number or boolean is refused, not converted (GH-3, P22).
 * Names keep the case that GitHub writes and are compared with it: GitHub writes one case for one repository (P21).
 * The holder is the repository's id, its instance the run without its attempt: a re-run is the same one.
 */
export const readGithub: ReadProvider = (claims, { subject }) => {
  const repository = required(claims, 'repository');
  const owner = required(claims, 'repository_owner');
  const repositoryId = id(claims, 'repository_id');
  const ownerId = id(claims, 'repository_owner_id');
  const [first, name, ...rest] = repository.split('/');
  if (first !== owner || !name || rest.length > 0) throw malformed('repository');
  const ref = text(claims, 'ref');
  const environment = text(claims, 'environment');
  const runId = text(claims, 'run_id');
  checkSubject(subject, { owner, name, ownerId, repositoryId, ref, environment });
  return {
    attributes: attributes({
      owner,
      ownerId,
      repository,
      repositoryId,
      ref,
      environment,
      eventName: text(claims, 'event_name'),
      workflowRef: text(claims, 'workflow_ref'),
      jobWorkflowRef: text(claims, 'job_workflow_ref'),
      runnerEnvironment: text(claims, 'runner_environment'),
      runId,
    }),
    holder: { subject: repositoryId, ...(runId ? { instance: runId } : {}) },
  };
};

interface Stated {
  readonly owner: string;
  readonly name: string;
  readonly ownerId: string;
  readonly repositoryId: string;
  readonly ref: string | undefined;
  readonly environment: string | undefined;
}

/**
 * `sub` is `key:value` pairs, `:` in values written `%3A` (GH-4). What it states of the repository, the ref and the
 * environment must be what the claims state: in the classic form `repo:O/R:…`, and in the immutable one
 * `repo:O@id/R@id:…` (GH-5). A customised `sub` may state none of them.
 */
function checkSubject(subject: string, stated: Stated): void {
  const parts = subject.split(':');
  for (let i = 0; i < parts.length; i++) {
    const key = parts[i] ?? '';
    if (key === 'pull_request') continue; // the one context without a value
    const value = parts[++i] ?? '';
    if (!agrees(key, value, stated)) {
      throw new ProofError('subject_mismatch', `sub and the claims disagree on ${key}`);
    }
  }
}

function agrees(key: string, value: string, stated: Stated): boolean {
  switch (key) {
    case 'repo':
      return agreesOnRepository(value, stated);
    case 'repository_id':
      return value === stated.repositoryId;
    case 'repository_owner_id':
      return value === stated.ownerId;
    case 'ref':
      return value === escaped(stated.ref);
    case 'environment':
      return value === escaped(stated.environment);
    default:
      return true;
  }
}

function agreesOnRepository(value: string, { owner, name, ownerId, repositoryId }: Stated): boolean {
  // Neither an owner's nor a repository's name can hold `@` or `/`, so that each form is read one way only.
  return value === `${owner}/${name}` || value === `${owner}@${ownerId}/${name}@${repositoryId}`;
}

function escaped(value: string | undefined): string {
  return (value ?? '').replaceAll(':', '%3A');
}

function text(claims: Claims, name: string): string | undefined {
  const value = claim(claims, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > 1024) throw malformed(name);
  return value;
}

function required(claims: Claims, name: string): string {
  const value = text(claims, name);
  if (!value) throw malformed(name);
  return value;
}

function id(claims: Claims, name: string): string {
  const value = required(claims, name);
  if (value.length > 20 || !/^[0-9]+$/.test(value)) throw malformed(name);
  return value;
}

function malformed(name: string): ProofError {
  return new ProofError('claims', `${name} is missing or is not what GitHub writes`);
}
