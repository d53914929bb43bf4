import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The two published policies (examples/policies), as they stand there. */
export const SEED_KUBERNETES = `# Trust policy: issue tokens to agents in the "ai-agents" namespace
provider: kubernetes
issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF"
audience: "satgate"
trust_rules:
  - match:
      namespace: "ai-agents"
      service_account: "research-agent"
    issue:
      budget_credits: 1000
      ttl: "8h"
      caveats:
        - "department = research"
        - "cost_center = eng-ai"
  - match:
      namespace: "ai-agents"
      service_account: "*"
    issue:
      budget_credits: 200
      ttl: "4h"
      caveats:
        - "department = general"
`;

export const SEED_GITHUB = `# Trust policy: CI agents get limited tokens per workflow run
provider: oidc
issuer: "https://token.actions.githubusercontent.com"
audience: "satgate"
trust_rules:
  - match:
      claims:
        repository: "acme-corp/ai-pipeline"
        ref: "refs/heads/main"
    issue:
      budget_credits: 500
      ttl: "1h"
      label_template: "ci-{{ .Claims.run_id }}"
      caveats:
        - "department = ci-cd"
`;

/** The resources that they mean, as they are printed. */
export const resourceOfKubernetes = (name: string) => `apiVersion: trustmint.dev/v1alpha1
kind: TrustPolicy
metadata:
  name: ${name}
  namespace: ai-agents
spec:
  provider: kubernetes
  issuer: https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF
  audience: satgate
  trustRules:
    - name: rule-1
      match:
        namespace: ai-agents
        serviceAccount: research-agent
      issue:
        ttl: 8h
        budgetCredits: 1000
        caveats:
          - department = research
          - cost_center = eng-ai
    - name: rule-2
      match:
        namespace: ai-agents
        serviceAccount: "*"
      issue:
        ttl: 4h
        budgetCredits: 200
        caveats:
          - department = general
`;

export const resourceOfGithub = (name: string) => `apiVersion: trustmint.dev/v1alpha1
kind: ClusterTrustPolicy
metadata:
  name: ${name}
spec:
  provider: github
  audience: satgate
  trustRules:
    - name: rule-1
      match:
        repository: acme-corp/ai-pipeline
        ref: refs/heads/main
      issue:
        ttl: 1h
        budgetCredits: 500
        caveats:
          - department = ci-cd
        labelTemplate: ci-{{ .Claims.run_id }}
`;

/** A TrustPolicy as a manifest. */
export function policy(name: string, spec = ''): string {
  return `apiVersion: trustmint.dev/v1alpha1
kind: TrustPolicy
metadata: {name: ${name}}
spec:
  provider: kubernetes
  issuer: https://k8s.example
  audience: mint
  trustRules:
    - name: all
      match: {namespace: default}
      issue: {ttl: 1h}
${spec}`;
}

export function revocation(name: string, spec: string, created?: string): string {
  const time = created === undefined ? '' : `, creationTimestamp: "${created}"`;
  return `apiVersion: trustmint.dev/v1alpha1
kind: TokenRevocation
metadata: {name: ${name}${time}}
spec: {${spec}}
`;
}

/** A directory of its own for each test, removed with `remove`. */
export function temporaryDirectory() {
  const path = mkdtempSync(join(tmpdir(), 'trustmint-'));
  return {
    path,
    write(name: string, text: string | Uint8Array): string {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

export type TemporaryDirectory = ReturnType<typeof temporaryDirectory>;
