/**
 * Issuers that sign for anybody: a rule that trusts one must say whose workloads it means. This is the one list.
 */

export interface SharedIssuer {
  readonly name: string;
  readonly issuer: string;
  /** Whether issuers that go on with `/…` are the same service (GitHub's enterprise slugs). */
  readonly hasPaths?: true;
  /** Claims that say whose a workload is; of those marked `owner` the part before the first `/` must be literal. */
  readonly narrowing: readonly { readonly claim: string; readonly part: 'whole' | 'owner' }[];
  /** Claims that a name can be traded in for, so that a recycled name is another's: name → id. */
  readonly ids: readonly (readonly [name: string, id: string])[];
}

const whole = (...claims: string[]) => claims.map((claim) => ({ claim, part: 'whole' }) as const);
const owner = (...claims: string[]) => claims.map((claim) => ({ claim, part: 'owner' }) as const);

export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

export const GITHUB: SharedIssuer = {
  name: 'GitHub',
  issuer: GITHUB_ISSUER,
  hasPaths: true,
  narrowing: [...whole('repository_owner', 'repository_owner_id', 'repository_id', 'sub'), ...owner('repository')],
  ids: [
    ['repository_owner', 'repository_owner_id'],
    ['repository', 'repository_id'],
  ],
};

export const SHARED_ISSUERS: readonly SharedIssuer[] = [
  GITHUB,
  {
    name: 'GitLab.com',
    issuer: 'https://gitlab.com',
    narrowing: [...whole('namespace_id', 'project_id', 'sub'), ...owner('namespace_path', 'project_path')],
    ids: [
      ['namespace_path', 'namespace_id'],
      ['project_path', 'project_id'],
    ],
  },
  {
    name: 'Google',
    issuer: 'https://accounts.google.com',
    narrowing: whole('sub', 'hd', 'email'),
    ids: [['email', 'sub']],
  },
  {
    name: 'Buildkite',
    issuer: 'https://agent.buildkite.com',
    narrowing: whole('organization_id', 'organization_slug', 'pipeline_id', 'sub'),
    ids: [['organization_slug', 'organization_id']],
  },
  {
    name: 'HCP Terraform',
    issuer: 'https://app.terraform.io',
    narrowing: whole('terraform_organization_id', 'terraform_organization_name', 'terraform_workspace_id', 'sub'),
    ids: [['terraform_organization_name', 'terraform_organization_id']],
  },
  {
    name: 'Codefresh',
    issuer: 'https://oidc.codefresh.io',
    narrowing: whole('account_id', 'account_name', 'sub'),
    ids: [['account_name', 'account_id']],
  },
  {
    name: 'Vercel',
    issuer: 'https://oidc.vercel.com',
    hasPaths: true,
    narrowing: whole('owner', 'owner_id', 'project_id', 'sub'),
    ids: [['owner', 'owner_id']],
  },
  {
    name: 'Sigstore',
    issuer: 'https://oauth2.sigstore.dev/auth',
    narrowing: whole('sub', 'email'),
    ids: [],
  },
  { name: 'Apple', issuer: 'https://appleid.apple.com', narrowing: whole('sub', 'email'), ids: [['email', 'sub']] },
  {
    name: 'Microsoft personal accounts',
    issuer: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    narrowing: whole('sub', 'oid'),
    ids: [],
  },
];

/** The list's entry for an issuer; a trailing `/` does not make it another service. */
export function sharedIssuer(issuer: string): SharedIssuer | undefined {
  return SHARED_ISSUERS.find(
    (one) =>
      issuer === one.issuer || issuer === `${one.issuer}/` || (one.hasPaths && issuer.startsWith(`${one.issuer}/`)),
  );
}
