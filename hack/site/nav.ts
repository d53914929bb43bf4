/** The order of the pages. A page that is not named here stands at the end of its group: none is lost. */

export interface Group {
  readonly label: string;
  /** Paths from the root; a directory is all of its pages that no other entry names. */
  readonly pages: readonly string[];
}

export const NAV: readonly Group[] = [
  {
    label: 'Start',
    pages: [
      'docs/README.md',
      'docs/install.md',
      'docs/kubernetes.md',
      'docs/tls.md',
      'docs/image.md',
      'docs/standalone.md',
    ],
  },
  { label: 'Write', pages: ['docs/policies.md', 'docs/agents.md', 'docs/oauth.md', 'docs/tokens.md'] },
  { label: 'Use', pages: ['docs/clients.md', 'docs/api.md', 'docs/cli.md'] },
  { label: 'Run', pages: ['docs/operations.md', 'docs/threat-model.md', 'docs/benchmarks.md', 'docs'] },
  {
    label: 'Reference',
    pages: ['resources', 'flags', 'metrics', 'codes', 'caveats']
      .map((name) => `docs/reference/${name}.md`)
      .concat('docs/reference'),
  },
  { label: 'Examples', pages: ['examples/README.md', 'examples'] },
  { label: 'Project', pages: ['CHANGELOG.md', 'SECURITY.md', 'CONTRIBUTING.md'] },
];
